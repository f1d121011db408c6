// A control plane in the middle of a build. Runs from the built files, as the real one does.
import process from 'node:process'
import {serviceSpec} from '@omni-cli/sdk'
import {createProcessRuntime} from '../../dist/runtimes/process/process-runtime.js'

const [home, archive] = process.argv.slice(2)
const build = {commands: [['sh', '-c', 'touch half; echo $$; exec sleep 1000']]}
const spec = serviceSpec.parse({name: 'web', command: 'true', build})
const onOutput = (line) => /^\d+$/.test(line) && process.send(Number(line))
await createProcessRuntime({home}).prepare({service: 'web', release: 'r1', spec, archive, env: {}}, {onOutput})
