import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {DatabaseSync} from 'node:sqlite'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {readKeys} from '../../src/server/secrets/master-key.ts'
import {createSecretStore} from '../../src/server/secrets/secret-store.ts'

const PROGRAM = fileURLToPath(new URL('rotate-forever.ts', import.meta.url))
const SECRETS = Array.from({length: 40}, (_, index) => ({
  key: `KEY_${index}`,
  value: `value ${index} ${'x'.repeat(2_000)}`,
}))

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'omni-rotate-'))
  mkdirSync(join(home, 'engine'), {mode: 0o700})
})
afterEach(() => rmSync(home, {recursive: true}))

const open = () => {
  const database = new DatabaseSync(join(home, 'engine', 'store.db'))
  return {database, store: createSecretStore({database, home})}
}

/** Kills it at whatever it is doing when the line arrives: somewhere in the rotation after. */
async function killAfter(lines: number): Promise<void> {
  const child = spawn(process.execPath, ['--no-warnings', PROGRAM, home], {stdio: ['ignore', 'pipe', 'inherit']})
  const ended = once(child, 'exit')
  let seen = 0
  for await (const _ of createInterface({input: child.stdout})) {
    if (++seen === lines) child.kill('SIGKILL')
  }
  expect((await ended)[1]).toBe('SIGKILL')
}

it('a rotation that is killed anywhere loses nothing', {timeout: 60_000}, async () => {
  const first = open()
  first.store.put(SECRETS, {by: 'a', onConflict: 'refuse'})
  first.database.close()
  for (let round = 1; round <= 8; round++) {
    await killAfter(round)

    const {store, database} = open()
    expect(store.reveal(SECRETS.map(({key}) => ({key})))).toEqual(SECRETS)
    expect(readKeys(join(home, 'engine', 'secrets.key'))).toHaveLength(1)
    database.close()
  }
})
