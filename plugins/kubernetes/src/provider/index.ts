import {defineProvider} from '@omni-cli/sdk'
import {kubernetesSettings} from '../config.ts'
import {createCluster} from './cluster/index.ts'

export default defineProvider({
  kind: 'cluster',
  id: 'kubernetes',
  settings: kubernetesSettings,
  create: (context, settings) => createCluster(context, settings),
})
