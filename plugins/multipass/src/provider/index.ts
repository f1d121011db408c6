import {defineProvider} from '@omni-cli/sdk'
import {multipassSettings} from '../config.ts'
import {createMultipass} from './multipass.ts'

export default defineProvider({
  kind: 'instance',
  id: 'multipass',
  settings: multipassSettings,
  create: (context, settings) => createMultipass(context, settings),
})
