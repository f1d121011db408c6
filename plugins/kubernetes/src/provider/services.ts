import {userInfo} from 'node:os'
import {defineProvider} from '@omni-cli/sdk'
import {openClient} from '../client/open-client.ts'
import {kubernetesSettings} from '../config.ts'
import {createServices} from './service-engine.ts'

export default defineProvider({
  kind: 'service',
  id: 'kubernetes',
  settings: kubernetesSettings,
  create: async (context, settings) =>
    createServices(await openClient(context, settings), context.env.USER ?? context.env.LOGNAME ?? userInfo().username),
})
