import {createHttp, type DriverContext, type ModelSource, silentLogger} from '@omni-cli/sdk'
import provider from '../src/provider/index.ts'
import type {FakeHub} from './hub/types.ts'

interface Opened {
  /** Absent: the hub's own token; null: none. */
  readonly token?: string | null
  readonly env?: Readonly<Record<string, string>>
  readonly settings?: Parameters<typeof provider.create>[1]
}

/** The driver, as the program opens it, against a fake hub. */
export async function openSource(
  hub: Pick<FakeHub, 'url' | 'token'>,
  {token = hub.token, env, settings}: Opened = {},
): Promise<ModelSource> {
  const context: DriverContext = {
    home: '/nonexistent',
    env: {HF_ENDPOINT: hub.url, HOME: '/nonexistent', ...(token === null ? {} : {HF_TOKEN: token}), ...env},
    context: 'test',
    namespace: undefined,
    http: createHttp({log: silentLogger, baseMs: 5}),
    exec: {run: () => Promise.reject(new Error('no programs'))} as unknown as DriverContext['exec'],
    log: silentLogger,
    notice: () => undefined,
  }
  return provider.create(context, settings ?? {})
}
