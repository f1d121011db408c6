// A control plane that starts two replicas and then hangs. Runs from the built files, as the real one does.
import process from 'node:process'
import {serviceSpec} from '@omni-cli/sdk'
import {createProcessRuntime} from '../../dist/runtimes/process/process-runtime.js'

const runtime = createProcessRuntime({home: process.argv[2]})
const start = async (index, script) => {
  const spec = serviceSpec.parse({name: 'web', command: [process.execPath, '-e', script]})
  const names = {service: 'web', release: 'r1', spec, env: {}}
  const prepared = await runtime.prepare({...names, archive: undefined})
  return await runtime.create({...names, index, prepared})
}
const lasting = await start(0, 'setInterval(() => {}, 1000)')
const ending = await start(
  1,
  'process.on("SIGUSR1", () => process.exit(42)); console.log("up"); setInterval(() => {}, 1000)',
)
for await (const line of runtime.logs('web', {follow: true})) if (line.text === 'up') break
process.send([lasting, ending])
