import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {createHttp, type ServiceSpec, serviceSpec, silentLogger} from '@omni-cli/sdk'
import {describeServiceEngine} from '@omni-cli/testkit'
import {afterAll} from 'vitest'
import {localFiles} from '../../src/client/local-files.ts'
import {openLocalClient} from '../../src/client/server-status.ts'
import {stopServer} from '../../src/client/stop-server.ts'
import {createOrcaEngine} from '../../src/provider/index.ts'

// One engine for all checks, emptied before each: its start is measured elsewhere.
const home = await mkdtemp(join(tmpdir(), 'omni-'))
afterAll(async () => {
  await stopServer({home, workloads: 'stop'})
  await rm(home, {recursive: true, force: true, maxRetries: 5})
})

const LISTEN = `console.log('version', process.env.VERSION); require('http').createServer((q, s) => s.end('ok')).listen(process.env.PORT)`

const spec = (name: string, version = 1): ServiceSpec =>
  serviceSpec.parse({
    name,
    command: [process.execPath, '-e', LISTEN],
    port: 3000,
    env: {VERSION: String(version)},
    readiness: {path: '/', interval_secs: 0.2},
    deploy: {drain_secs: 0},
    stop_grace_secs: 1,
  })

describeServiceEngine({
  name: 'orca, embedded',
  async create() {
    const driver = await createOrcaEngine(
      {
        ...{home, env: {}, context: 'default', namespace: undefined, log: silentLogger, notice: () => undefined},
        http: createHttp({log: silentLogger}),
        exec: () => Promise.reject(new Error('nothing is executed here')),
      },
      {},
    )
    return {driver, close: empty}
  },
  spec,
  broken: (name) =>
    serviceSpec.parse({
      ...spec(name),
      command: [process.execPath, '-e', "console.log('broken on purpose'); process.exit(7)"],
    }),
})

async function empty(): Promise<void> {
  const {existsSync} = await import('node:fs')
  if (!existsSync(localFiles(home).store)) return
  const client = await openLocalClient(home)
  await Promise.all((await client.list()).map(({name}) => client.remove(name, true)))
}
