/**
 * A fake hub in a process of its own, with the model `ivory/big`: `node serve.ts BYTES BYTES-A-SECOND-FOR-A-CONNECTION`.
 * Tells its parent the address; answers each message with the bytes it has sent so far.
 */
import {largeContent} from './content.ts'
import {startFakeHub} from './fake-hub.ts'

const [, , size, limit] = process.argv
const hub = await startFakeHub()
hub.add('ivory/big', {'config.json': '{}', 'model.safetensors': largeContent(Number(size))})
hub.limit = Number(limit)
process.on('message', () => process.send?.({bytesSent: hub.bytesSent}))
process.on('disconnect', () => process.exit())
process.send?.({url: hub.url})
