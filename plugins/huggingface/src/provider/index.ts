import {defineProvider, OmniError} from '@omni-cli/sdk'
import {huggingfaceSettings} from '../config.ts'

export default defineProvider({
  kind: 'source',
  id: 'huggingface',
  settings: huggingfaceSettings,
  create: (context) => {
    throw new OmniError('UNSUPPORTED', `not yet: ${context.context}`)
  },
})
