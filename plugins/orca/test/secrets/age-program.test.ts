import {execFileSync, spawnSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {encryptFor, newIdentity} from '../../src/secrets/age.ts'
import {writeDocument} from '../../src/secrets/document.ts'
import {readSecretsFile} from '../../src/secrets/read-file.ts'

const age = process.env.OMNI_TEST_AGE ?? 'age'
const hasAge = spawnSync(age, ['--version']).status === 0

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omni-age-'))
})
afterEach(() => rmSync(folder, {recursive: true}))

/** An identity as `age-keygen` makes it. */
function keygen(name: string): {file: string; recipient: string} {
  const file = join(folder, name)
  execFileSync(`${age}-keygen`, ['-o', file], {stdio: 'ignore'})
  return {file, recipient: /public key: (\S+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? ''}
}

// Debian's package `age`; OMNI_TEST_AGE names another one.
describe.skipIf(!hasAge)('the program age', () => {
  const entries = [
    {key: 'A', value: 'ü "quoted" \n'},
    {key: 'B', project: 'shop', value: ''},
  ]

  it('opens our exports, with the key of any recipient', async () => {
    const [alice, bob] = [keygen('alice'), keygen('bob')]
    const file = join(folder, 'export.age')
    writeFileSync(file, await encryptFor([alice.recipient, bob.recipient], writeDocument(entries)))

    for (const {file: identity} of [alice, bob]) {
      const opened = execFileSync(age, ['--decrypt', '--identity', identity, file], {encoding: 'utf8'})
      expect(JSON.parse(opened).secrets).toEqual(entries)
    }
    expect(spawnSync(age, ['--decrypt', '--identity', keygen('eve').file, file]).status).not.toBe(0)
  })

  it.each([[], ['--armor']])('writes files that we open %j', async (...flags) => {
    const alice = keygen('alice')
    const file = join(folder, 'env.age')
    const input = 'A=1\nB="two words"\n'
    execFileSync(age, [...flags, '--recipient', alice.recipient, '--output', file], {input})

    expect(await readSecretsFile(file, {identityFile: alice.file})).toEqual([
      {key: 'A', value: '1'},
      {key: 'B', value: 'two words'},
    ])
  })

  it('takes our keys for its own', async () => {
    const {identity, recipient} = await newIdentity()
    const file = join(folder, 'own')
    writeFileSync(file, `${identity}\n`, {mode: 0o600})

    expect(execFileSync(`${age}-keygen`, ['-y', file], {encoding: 'utf8'}).trim()).toBe(recipient)
  })
})
