/** Downloads until it is killed: `node killed.ts HUB FOLDER`. */
import {createHttp, silentLogger} from '@omni-cli/sdk'
import {createHub} from '../../src/client/hub.ts'
import {hubTarget} from '../../src/client/settings.ts'
import {downloadModel} from '../../src/download/download.ts'
import {CHUNK} from '../world.ts'

const [, , endpoint = '', folder = ''] = process.argv
const hub = createHub(createHttp({log: silentLogger}), hubTarget({env: {HF_ENDPOINT: endpoint}}, {}))
await downloadModel(hub, 'ivory/one', folder, {connections: 2, chunkBytes: CHUNK, maxRun: 1})
