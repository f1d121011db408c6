import {resolve} from 'node:path'
import {parseArgs} from 'node:util'
import {ERROR_CODES, isOmniError, type Logger, messageOf, OmniError} from '@omni-cli/sdk'
import {DEFAULT_LISTEN, parseListen} from '../client/listen-address.ts'
import {createEdge} from '../edge/client.ts'
import {packageVersion} from '../programs.ts'
import type {Runtime} from '../runtimes/runtime.ts'
import {type OpenControl, runServer} from './api/run-server.ts'
import {serverLog} from './api/server-log.ts'
import {chooseConfig, keepChoice} from './cluster-config/choose.ts'
import type {ClusterConfig} from './cluster-config/read.ts'
import {extraTokens} from './cluster-config/tokens.ts'
import {createControl} from './create-control.ts'
import {openRuntime} from './open-runtime.ts'
import {createSecretStore} from './secrets/secret-store.ts'
import {openStore} from './store/store.ts'

/** Name of a cluster of one, in Orca's answers. */
const CLUSTER_NAME = 'orca'
/** How long requests through the proxy may take when the proxy ends with the services. */
const EDGE_DRAIN_MS = 2_000

/** The server process: `main.js --home DIR [--listen HOST:PORT] [--config FILE | --no-config]`. Its log goes to stderr. */
async function main(): Promise<void> {
  const text = {type: 'string'} as const
  const {values} = parseArgs({options: {home: text, listen: text, config: text, 'no-config': {type: 'boolean'}}})
  if (values.home === undefined) throw new OmniError('USAGE', 'the server needs --home DIR')
  // Whatever the caller's umask: sockets and files are for the owner.
  process.umask(0o077)
  const home = resolve(values.home)
  const log = serverLog()
  const config = await chooseConfig(home, values)
  for (const warning of config?.warnings ?? []) log.debug('warning', {config: config?.path, warning})
  const server = await runServer({
    home,
    log,
    address: values.listen === undefined ? (config?.listen ?? DEFAULT_LISTEN) : parseListen(values.listen),
    version: packageVersion(),
    nodeLabels: config?.nodeLabels,
    openControl: () => openControl(home, config, log),
  })
  await keepChoice(home, config)
  // A second signal adds nothing: the end has its own deadlines.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void server.stop('keep'))
  await server.ended
}

async function openControl(home: string, config: ClusterConfig | undefined, log: Logger): Promise<OpenControl> {
  const store = openStore(home)
  const secrets = createSecretStore({database: store.database, home})
  // Before anything is started: a server that lacks its tokens touches nothing.
  const tokens = extraTokens(config?.tokens ?? [], secrets)
  const runtime = openRuntime({home, store, log})
  const edge = createEdge({home, log})
  const control = await createControl({
    ...{home, store, runtime, edge, secrets, log},
    clusterName: config?.name ?? CLUSTER_NAME,
    acmeEmail: config?.acmeEmail,
  })
  return {
    control,
    database: control.database,
    extraTokens: tokens,
    async close(workloads) {
      await control.close(workloads)
      // A proxy in front of nothing would only be left behind.
      if (workloads === 'stop' || !(await runsAnything(runtime))) await edge.shutdown(EDGE_DRAIN_MS)
      edge.close()
      await runtime.close()
    },
  }
}

/** True also when the runtime cannot tell. */
const runsAnything = (runtime: Runtime): Promise<boolean> =>
  runtime.list().then(
    (instances) => instances.some(({state, isForeign}) => state === 'running' && isForeign !== true),
    () => true,
  )

try {
  await main()
  process.exit(0)
} catch (error) {
  serverLog().debug('failed', {error: messageOf(error), hint: isOmniError(error) ? error.hint : undefined})
  process.exit(isOmniError(error) ? ERROR_CODES[error.code].exit : 1)
}
