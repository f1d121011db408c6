import {defineProvider} from '@omni-cli/sdk'
import {createHub} from '../client/hub.ts'
import {hubTarget} from '../client/settings.ts'
import {huggingfaceSettings} from '../config.ts'
import {resolveModel} from './resolve.ts'
import {searchModels} from './search.ts'

export default defineProvider({
  kind: 'source',
  id: 'huggingface',
  settings: huggingfaceSettings,
  create(context, settings) {
    const hub = createHub(context.http, hubTarget(context, settings))
    return {
      name: 'huggingface',
      schemes: ['hf'],
      resolve: (ref, options) => resolveModel(hub, ref, options),
      search: (query, options) => searchModels(hub, query, options),
      async download(ref, folder, options) {
        const {downloadModel} = await import('../download/download.ts')
        return downloadModel(hub, ref, folder, options)
      },
      credential: () => hub.target.token(),
    }
  },
})
