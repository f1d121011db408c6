import {createCipheriv, randomBytes} from 'node:crypto'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {isOmniError} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {encryptFor, newIdentity} from '../../src/secrets/age.ts'
import {writeDocument} from '../../src/secrets/document.ts'
import {parseEnvFile} from '../../src/secrets/env-file.ts'
import {readSecretsFile} from '../../src/secrets/read-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omni-files-'))
})
afterEach(() => rmSync(folder, {recursive: true}))

const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content, {mode: 0o600})
  return join(folder, name)
}
const failure = async (work: Promise<unknown>) => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isOmniError(error)) throw new Error(`expected an OmniError, got ${error}`)
  return error
}

it('a file without an end is refused, not read for ever', async () => {
  expect(await failure(readSecretsFile('/dev/zero'))).toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('32 MiB'),
  })
})

it('a file that is not there is called so', async () => {
  expect(await failure(readSecretsFile(join(folder, 'absent')))).toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('there is no such file'),
  })
})

describe('a .env file', () => {
  it('may name a key as objects name their own', () => {
    expect(Object.entries(parseEnvFile('__proto__=a\nconstructor=b'))).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
  })

  it.each<[string, Record<string, string>]>([
    ['A=1\nB=two words \n', {A: '1', B: 'two words'}],
    ['export A=1', {A: '1'}],
    ['# comment\n\n  A = 1 # why\nB=#x\nC=a#b\nD= # none', {A: '1', B: '#x', C: 'a#b', D: ''}],
    ['A = "x"', {A: 'x'}],
    ['A="two\\nlines \\"quoted\\" \\$HOME \\\\" # why', {A: 'two\nlines "quoted" $HOME \\'}],
    ["A='as $it \\n is # here'", {A: 'as $it \\n is # here'}],
    ['A="over\ntwo lines"\nB=2', {A: 'over\ntwo lines', B: '2'}],
    ['A=\nB=2\nC=""', {A: '', B: '2', C: ''}],
    ['A=$B $(ls)', {A: '$B $(ls)'}],
    ['A=1\nA=2', {A: '2'}],
    ['\ufeffA=1\r\nB=2\r\n', {A: '1', B: '2'}],
    ['URL=postgres://u:p@h/db?x=1&y=2', {URL: 'postgres://u:p@h/db?x=1&y=2'}],
    ['', {}],
  ])('%j', (text, expected) => expect(parseEnvFile(text)).toEqual(expected))

  it.each([
    ['A=1\nnonsense', 'line 2: expected KEY=value'],
    ['1A=x', 'line 1: expected KEY=value'],
    ['A=1\nB="sentinel', 'line 2: the quote does not end'],
    ['A="x" sentinel', 'line 1: there is something behind the closing quote'],
  ])('%j is refused: %s', async (text, expected) => {
    const error = await failure(readSecretsFile(file('.env', text)))

    expect(error.message).toContain(expected)
    expect(error.message).not.toContain('sentinel')
  })
})

describe("Orca's secrets.json", () => {
  const master = randomBytes(32)
  const seal = (value: string) => {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', master, nonce)
    const sealed = Buffer.concat([cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()])
    return `${nonce.toString('hex')}:${sealed.toString('hex')}`
  }
  const xor = (value: string) =>
    Buffer.from(Buffer.from(value).map((byte, index) => byte ^ (master[index % 32] ?? 0))).toString('hex')
  const store = (secrets: Record<string, string>) => file('secrets.json', JSON.stringify({secrets}, undefined, 2))
  const keyFile = (bytes: Uint8Array = master) => file('master.key', bytes)

  it('is opened with its master key', async () => {
    const path = store({DB: seal('pässword'), EMPTY: seal('')})

    expect(await readSecretsFile(path, {masterKeyFile: keyFile()})).toEqual([
      {key: 'DB', value: 'pässword'},
      {key: 'EMPTY', value: ''},
    ])
  })

  it('with another key is an error that names the secret', async () => {
    const error = await failure(readSecretsFile(store({DB: seal('x')}), {masterKeyFile: keyFile(randomBytes(32))}))

    expect(error).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining("'DB' does not open"),
      hint: expect.stringContaining('--master-key'),
    })
  })

  it('with a changed value is never taken for the oldest form', async () => {
    const sealed = seal('x').replace(/.$/, (last) => (last === '0' ? '1' : '0'))

    expect(
      await failure(readSecretsFile(store({DB: sealed}), {masterKeyFile: keyFile(), legacyXor: true})),
    ).toMatchObject({
      message: expect.stringContaining("'DB' does not open"),
    })
  })

  it('in its oldest form is opened when that is asked for', async () => {
    const path = store({OLD: xor('an old value'), NEW: seal('a new one')})

    expect(await failure(readSecretsFile(path, {masterKeyFile: keyFile()}))).toMatchObject({
      hint: expect.stringContaining('--legacy-xor'),
    })
    expect(await readSecretsFile(path, {masterKeyFile: keyFile(), legacyXor: true})).toEqual([
      {key: 'OLD', value: 'an old value'},
      {key: 'NEW', value: 'a new one'},
    ])
  })

  it('in its oldest form with another key is told where it can be seen', async () => {
    const wrong = Buffer.from(master.map((byte) => byte ^ 0x80))
    const error = await failure(
      readSecretsFile(store({OLD: xor('value')}), {masterKeyFile: keyFile(wrong), legacyXor: true}),
    )

    expect(error.message).toContain("'OLD' comes out as no text")
  })

  it.each([31, 33, 0])('with a key of %i bytes is refused', async (length) => {
    const error = await failure(readSecretsFile(store({DB: seal('x')}), {masterKeyFile: keyFile(randomBytes(length))}))

    expect(error.message).toContain('no master key')
  })

  it('without its master key says where that was looked for', async () => {
    const masterKeyFile = join(folder, 'none')

    expect(await failure(readSecretsFile(store({DB: seal('x')}), {masterKeyFile}))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(masterKeyFile),
    })
  })
})

describe('other files', () => {
  it('a JSON map', async () => {
    expect(await readSecretsFile(file('a.json', '{"A": "1", "secrets": "x"}'))).toEqual([
      {key: 'A', value: '1'},
      {key: 'secrets', value: 'x'},
    ])
  })

  it.each([
    ['{"A": 1}', "'A' must be a text"],
    ['{"A": "sentinel', 'no valid JSON'],
    ['{"A B": "sentinel"}', 'is no key'],
    ['{"version": 2, "secrets": []}', 'newer version'],
    ['{"version": 1, "secrets": [{"key": "A"}]}', 'no key or value'],
    ['\xff\xfe', 'line 1'],
  ])('%j is refused: %s', async (text, expected) => {
    const error = await failure(readSecretsFile(file('a.json', text)))

    expect(error.message).toContain(expected)
    expect(error.message).not.toContain('sentinel')
  })

  it('an age file, opened by any of its recipients and by nobody else', async () => {
    const [alice, bob, eve] = await Promise.all([newIdentity(), newIdentity(), newIdentity()])
    const entries = [
      {key: 'A', value: 'x'},
      {key: 'B', project: 'shop', value: 'ü\n'},
    ]
    const path = file('backup.age', await encryptFor([alice.recipient, bob.recipient], writeDocument(entries)))
    const identityOf = ({identity}: {identity: string}) => file('id.txt', `# created\n# public key\n${identity}\n`)

    expect(await readSecretsFile(path, {identityFile: identityOf(alice)})).toEqual(entries)
    expect(await readSecretsFile(path, {identityFile: identityOf(bob)})).toEqual(entries)
    expect(await failure(readSecretsFile(path, {identityFile: identityOf(eve)}))).toMatchObject({code: 'USAGE'})
    expect(await failure(readSecretsFile(path))).toMatchObject({hint: expect.stringContaining('--identity')})
  })

  it('an age file that was changed', async () => {
    const {identity, recipient} = await newIdentity()
    const armoured = await encryptFor([recipient], 'A=1')
    const lines = armoured.split('\n')
    lines[3] = lines[3]?.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')) ?? ''
    const path = file('x.age', lines.join('\n'))

    expect(await failure(readSecretsFile(path, {identityFile: file('id', identity)}))).toMatchObject({code: 'USAGE'})
  })

  it('an identity that is none is not shown', async () => {
    const {identity, recipient} = await newIdentity()
    const path = file('x.age', await encryptFor([recipient], 'A=1'))
    const broken = `${identity.slice(0, -1)}!`

    const error = await failure(readSecretsFile(path, {identityFile: file('id', broken)}))

    expect(error.message).toBe('an identity is no age secret key')
    expect(JSON.stringify([error, error.cause])).not.toContain(identity.slice(20, 40))
  })
})
