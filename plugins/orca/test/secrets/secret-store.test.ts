import {mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import {isOmniError} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {newMasterKey, readKeys, replaceKeyFile} from '../../src/server/secrets/master-key.ts'
import {createSecretStore, type Secret, type SecretStore} from '../../src/server/secrets/secret-store.ts'

let home: string
let database: DatabaseSync
let store: SecretStore

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'omni-secrets-'))
  mkdirSync(join(home, 'engine'), {mode: 0o700})
  database = new DatabaseSync(join(home, 'engine', 'store.db'))
  store = createSecretStore({database, home})
})
afterEach(() => {
  database.close()
  rmSync(home, {recursive: true})
})

const put = (...secrets: Secret[]) => store.put(secrets, {by: 'alice', onConflict: 'replace'})
const reopen = () => {
  store = createSecretStore({database, home})
}
const keyFile = () => join(home, 'engine', 'secrets.key')
const revealed = (key: string, project?: string) => store.reveal([{key, project}])[0]?.value
const errorOf = (work: () => unknown) => {
  try {
    work()
  } catch (error) {
    if (isOmniError(error)) return error
    throw error
  }
  throw new Error('it did not throw')
}

describe('values', () => {
  it('are kept over a restart, and are in no file in clear', () => {
    put({key: 'DB_PASS', project: 'shop', value: 'sentinel-5f3a'})
    reopen()

    expect(revealed('DB_PASS', 'shop')).toBe('sentinel-5f3a')
    database.exec('PRAGMA wal_checkpoint')
    expect(readFileSync(join(home, 'engine', 'store.db')).includes('sentinel-5f3a')).toBe(false)
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600)
  })

  it('are told in no record', () => {
    put({key: 'A', value: 'sentinel-5f3a'})

    expect(store.list()).toMatchObject([{key: 'A', updatedBy: 'alice'}])
    expect(JSON.stringify([store.list(), store.get({key: 'A'})])).not.toContain('sentinel')
  })

  it('get a fresh nonce with each write', () => {
    const sealed = () => Buffer.from(database.prepare('SELECT sealed FROM secrets').get()?.sealed as Uint8Array)
    put({key: 'A', value: 'x'})
    const first = sealed()
    store.put([{key: 'A', value: 'y'}], {by: 'b', onConflict: 'replace'})
    put({key: 'A', value: 'x'})

    expect(sealed().equals(first)).toBe(false)
    expect(sealed().subarray(0, 12).equals(first.subarray(0, 12))).toBe(false)
  })

  it.each(['', 'ü\u{1f511}\n\t"quoted" $HOME', 'x'.repeat(64 * 1024)])('come back as they were (%#)', (value) => {
    put({key: 'A', value})

    expect(revealed('A')).toBe(value)
  })

  it.each([
    ['a NUL', 'A', 'a\0b'],
    ['half of a surrogate pair', 'A', '\ud800'],
    ['more than 64 KiB', 'A', 'x'.repeat(64 * 1024 + 1)],
    ['a key with a space', 'A B', 'x'],
    ['a key with a digit in front', '1A', 'x'],
    ['no key', '', 'x'],
    ['a key with a brace', 'A}', 'x'],
  ])('with %s are refused, with all that come along', (_, key, value) => {
    expect(errorOf(() => put({key: 'GOOD', value: 'x'}, {key, value}))).toMatchObject({code: 'USAGE'})
    expect(store.list()).toEqual([])
  })
})

describe('what was tampered with is an error that names the key, never a value', () => {
  beforeEach(() => {
    put({key: 'A', project: 'shop', value: 'one'}, {key: 'B', project: 'shop', value: 'two'})
  })

  it('a row that was moved to another key', () => {
    database.exec(`UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE key = 'A') WHERE key = 'B'`)

    expect(errorOf(() => revealed('B', 'shop'))).toMatchObject({
      code: 'IO',
      message: expect.stringContaining("'shop/B'"),
    })
    expect(revealed('A', 'shop')).toBe('one')
  })

  it('a row that was moved to another project', () => {
    database.exec(`UPDATE secrets SET project = 'other' WHERE key = 'A'`)

    expect(errorOf(() => revealed('A', 'other'))).toMatchObject({
      code: 'IO',
      message: expect.stringContaining("'other/A'"),
    })
  })

  it('every flipped bit', () => {
    const sealed = Buffer.from(
      database.prepare(`SELECT sealed FROM secrets WHERE key = 'A'`).get()?.sealed as Uint8Array,
    )
    const write = database.prepare(`UPDATE secrets SET sealed = ? WHERE key = 'A'`)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      write.run(changed)
      expect(errorOf(() => revealed('A', 'shop')).message).toContain("'shop/A'")
    }
  })

  it('a row that was cut short', () => {
    database.exec(`UPDATE secrets SET sealed = x'00' WHERE key = 'A'`)

    expect(errorOf(() => revealed('A', 'shop')).message).toContain('damaged')
  })

  it('another key file', () => {
    replaceKeyFile(keyFile(), [newMasterKey()])
    reopen()

    expect(errorOf(() => revealed('A', 'shop'))).toMatchObject({
      message: expect.stringMatching(/'shop\/A' was sealed with a key that .* does not hold/),
      hint: expect.stringContaining('omni secrets set A --project shop'),
    })
  })

  it('a key file that is gone is not replaced by a new one', () => {
    rmSync(keyFile())
    reopen()

    expect(errorOf(() => put({key: 'C', value: 'x'}))).toMatchObject({code: 'IO'})
    expect(errorOf(() => revealed('A', 'shop'))).toMatchObject({
      code: 'IO',
      message: expect.stringContaining('is gone'),
    })
    expect(store.missing({X: `\${secrets.A}`}, 'shop')).toEqual([])
  })

  it('a key file that holds something else', () => {
    writeFileSync(keyFile(), 'not a key\n')

    expect(errorOf(() => put({key: 'C', value: 'x'})).message).toContain('is no key of secrets')
  })
})

describe('references', () => {
  beforeEach(() => {
    put(
      {key: 'PASS', value: 'global'},
      {key: 'PASS', project: 'shop', value: 'of the shop'},
      {key: 'ONLY', project: 'other', value: 'of another'},
      {key: 'TRAP', value: `\${secrets.PASS}`},
      {key: 'a.b', value: 'dotted'},
    )
  })

  it.each([
    [`\${secrets.PASS}`, 'shop', 'of the shop'],
    [`\${secrets.PASS}`, 'blog', 'global'],
    [`\${secrets.PASS}`, undefined, 'global'],
    [`\${secrets.other.ONLY}`, 'shop', 'of another'],
    [`\${secrets.a.b}`, 'shop', 'dotted'],
    [`pg://u:\${secrets.PASS}@db/\${secrets.other.ONLY}?x`, 'blog', 'pg://u:global@db/of another?x'],
    [`\${secrets.TRAP}`, 'shop', `\${secrets.PASS}`],
    [`$\${secrets.PASS}`, 'shop', `\${secrets.PASS}`],
    [`\${PASS} $PASS \${secretsPASS}`, 'shop', `\${PASS} $PASS \${secretsPASS}`],
  ])('%s of project %s is %s', (text, project, expected) => {
    expect(store.resolve({X: text}, project)).toEqual({X: expected})
  })

  it('that nothing is set for are told, sorted, each once', () => {
    const env = {
      A: `\${secrets.ZZ}\${secrets.NONE}`,
      B: `\${secrets.NONE} $\${secrets.LITERAL}`,
      C: `\${secrets.shop.ONLY}`,
    }

    expect(store.missing(env, 'shop')).toEqual(['NONE', 'ZZ', 'shop.ONLY'])
    expect(errorOf(() => store.resolve(env, 'shop'))).toMatchObject({
      code: 'NOT_FOUND',
      hint: expect.stringContaining('--project shop'),
    })
  })

  it.each(['', ' ', 'a b', '.', 'a.', '__proto__'])('such as "%s" are missing, not a crash', (reference) => {
    expect(store.missing({X: `\${secrets.${reference}}`}, 'shop')).toEqual([reference])
  })
})

describe('a key that is set already', () => {
  beforeEach(() => void put({key: 'A', value: 'old'}, {key: 'B', value: 'same'}))
  const again = [
    {key: 'A', value: 'new'},
    {key: 'B', value: 'same'},
    {key: 'C', value: 'first'},
  ]

  it('is replaced when that is asked for', () => {
    expect(store.put(again, {by: 'b', onConflict: 'replace'})).toEqual({
      set: [{key: 'A'}, {key: 'C'}],
      unchanged: [{key: 'B'}],
      kept: [],
    })
    expect(revealed('A')).toBe('new')
  })

  it('stays with `keep`, and is told', () => {
    expect(store.put(again, {by: 'b', onConflict: 'keep'})).toMatchObject({set: [{key: 'C'}], kept: [{key: 'A'}]})
    expect(revealed('A')).toBe('old')
  })

  it('stops all with `refuse`', () => {
    expect(errorOf(() => store.put(again, {by: 'b', onConflict: 'refuse'}))).toMatchObject({
      code: 'CONFLICT',
      details: {keys: ['A']},
    })
    expect(store.get({key: 'C'})).toBeUndefined()
  })

  it('goes when it is removed, and may be removed twice', () => {
    expect(store.remove({key: 'A'})).toBe(true)
    expect(store.remove({key: 'A'})).toBe(false)
    expect(store.remove({key: 'B', project: 'shop'})).toBe(false)
  })
})

describe('a rotation', () => {
  beforeEach(() => void put({key: 'A', value: 'one'}, {key: 'B', project: 'shop', value: 'two'}))
  const expectAll = () => expect([revealed('A'), revealed('B', 'shop')]).toEqual(['one', 'two'])
  const keyIds = () =>
    database
      .prepare('SELECT DISTINCT key_id FROM secrets')
      .all()
      .map(({key_id}) => key_id)

  it('seals all again under another key and forgets the old one', () => {
    const [before] = readKeys(keyFile())

    expect(store.rotate()).toEqual({secrets: 2})

    const after = readKeys(keyFile())
    expect(after).toHaveLength(1)
    expect(after[0]?.id).not.toBe(before?.id)
    expect(keyIds()).toEqual([after[0]?.id])
    expectAll()
    reopen()
    expectAll()
  })

  it('that ended between the key file and the rows is finished at the next start', () => {
    replaceKeyFile(keyFile(), [newMasterKey(), ...readKeys(keyFile())])
    expectAll()

    reopen()

    expect(readKeys(keyFile())).toHaveLength(1)
    expect(keyIds()).toEqual(readKeys(keyFile()).map(({id}) => id))
    expectAll()
  })

  it('that ended before the old key was forgotten is finished, too', () => {
    const old = readKeys(keyFile())
    store.rotate()
    replaceKeyFile(keyFile(), [...readKeys(keyFile()), ...old])

    reopen()

    expect(readKeys(keyFile())).toHaveLength(1)
    expectAll()
  })

  it('is refused with nothing changed when a value cannot be read', () => {
    const before = readKeys(keyFile())
    database.exec(`UPDATE secrets SET sealed = x'00' WHERE key = 'A'`)

    expect(errorOf(() => store.rotate()).message).toContain("'A'")
    expect(readKeys(keyFile())).toEqual(before)
    expect(revealed('B', 'shop')).toBe('two')
  })

  it('that was cut short beside a damaged value still reads the others', () => {
    replaceKeyFile(keyFile(), [newMasterKey(), ...readKeys(keyFile())])
    database.exec(`UPDATE secrets SET sealed = x'00' WHERE key = 'A'`)
    reopen()

    expect(revealed('B', 'shop')).toBe('two')
    put({key: 'A', value: 'again'})
    reopen()
    expect(readKeys(keyFile())).toHaveLength(1)
    expect(revealed('A')).toBe('again')
  })
})
