import {defineProvider} from '@omni-cli/sdk'
import {openClient} from '../client/open-client.ts'
import {kubernetesSettings} from '../config.ts'
import {createObjects} from './objects/index.ts'

export default defineProvider({
  kind: 'object',
  id: 'kubernetes',
  settings: kubernetesSettings,
  create: async (context, settings) => createObjects(await openClient(context, settings), {context, settings}),
})
