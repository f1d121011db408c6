import {createExec, createHttp, type ServiceEngine, silentLogger} from '@omni-cli/sdk'
import {removeHome} from '../../../../test/e2e/harness.ts'
import {createOrcaEngine} from '../../src/provider/index.ts'

/** The engine of a user whose OMNI_HOME is `home`, with real server, edge and supervisor; `close` ends them all. */
export async function openEmbedded(home: string): Promise<{engine: ServiceEngine; close(): Promise<void>}> {
  const engine = await createOrcaEngine(
    {
      home,
      env: process.env,
      context: 'test',
      namespace: undefined,
      http: createHttp({log: silentLogger}),
      exec: createExec({log: silentLogger}),
      log: silentLogger,
      notice: () => undefined,
    },
    {},
  )
  return {engine, close: () => removeHome(home)}
}
