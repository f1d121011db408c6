import {serviceSpec} from '@omni-cli/sdk'
import {createTempHome, describeServiceEngine} from '@omni-cli/testkit'
import {openEmbedded} from './open-embedded.ts'

const SERVER = `
console.log('listening, version', process.env.VERSION)
require('node:http').createServer((_, response) => response.end(process.env.VERSION)).listen(process.env.PORT, '127.0.0.1')
`

describeServiceEngine({
  name: 'the embedded engine',
  timeoutMs: 60_000,
  async create() {
    const home = await createTempHome()
    const {engine, close} = await openEmbedded(home.path)
    return {
      driver: engine,
      async close() {
        await close()
        await home[Symbol.asyncDispose]()
      },
    }
  },
  spec: (name, version = 1) =>
    serviceSpec.parse({
      name,
      command: [process.execPath, '-e', SERVER],
      port: 3000,
      env: {VERSION: String(version)},
      deploy: {ready_timeout_secs: 20, drain_secs: 1},
      stop_grace_secs: 2,
    }),
  broken: (name) =>
    serviceSpec.parse({
      name,
      command: [process.execPath, '-e', 'console.error("broken on purpose"); process.exit(7)'],
      port: 3000,
    }),
})
