import {defineProvider} from '@omni-cli/sdk'
import {openClient} from '../client/open-client.ts'
import {incusSettings} from '../config.ts'
import {createIncus} from './incus.ts'

export default defineProvider({
  kind: 'instance',
  id: 'incus',
  settings: incusSettings,
  create: async (context, settings) => createIncus(await openClient(context, settings), {context, settings}),
})
