import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

export interface TempHome extends AsyncDisposable {
  readonly path: string
}

/** An empty private folder, removed at the end of the scope. Use it with `await using`. */
export async function createTempHome(prefix = 'omni-test-'): Promise<TempHome> {
  const path = await mkdtemp(join(tmpdir(), prefix))
  return {path, [Symbol.asyncDispose]: () => rm(path, {recursive: true, force: true})}
}
