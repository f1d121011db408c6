import {defineProvider} from '@omni-cli/sdk'
import {openClient} from '../client/open-client.ts'
import {kubernetesSettings} from '../config.ts'
import {createCatalog} from './catalog/index.ts'

export default defineProvider({
  kind: 'catalog',
  id: 'kubernetes',
  settings: kubernetesSettings,
  create: async (context, settings) => createCatalog(await openClient(context, settings), {context, settings}),
})
