import {chmod, mkdtemp, readdir, readFile, stat, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {beforeEach, describe, expect, it} from 'vitest'
import {editConfigFile, resetConfigFile} from '../../src/config/edit-file.ts'

let home = ''
let file = ''

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'omni-edit-'))
  file = join(home, 'config.yaml')
})

/** A program that stands for the user at the editor: it gets the file as its last word. */
async function editor(script: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'omni-editor-')), 'my editor.sh')
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return `'${path}' --wait`
}

const edit = (EDITOR: string, retry = async () => false) => editConfigFile({home, env: {EDITOR}, retry})

const names = async () => (await readdir(home)).toSorted()

describe('edit', () => {
  it('takes over what was saved and keeps the old file', async () => {
    await writeFile(file, 'aliases: {a: b}\n', {mode: 0o600})
    const outcome = await edit(await editor('test "$1" = --wait && echo "aliases: {a: c}" > "$2"'))

    expect(outcome).toEqual({file, changed: true, backup: `${file}.bak`})
    expect(await readFile(file, 'utf8')).toBe('aliases: {a: c}\n')
    expect(await readFile(`${file}.bak`, 'utf8')).toBe('aliases: {a: b}\n')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await names()).toEqual(['config.yaml', 'config.yaml.bak'])
  })

  it('starts a new file with an example, and writes none when it is left as it is', async () => {
    expect(await edit(await editor('exit 0'))).toMatchObject({changed: false})
    expect(await names()).toEqual([])

    expect(await edit(await editor('echo "# mine" >> "$2"'))).toEqual({file, changed: true, backup: undefined})
    expect(await readFile(file, 'utf8')).toMatch(/^# Configuration of omni[\s\S]*# mine\n$/)
  })

  it('takes over nothing wrong, and does not lose the text', async () => {
    await writeFile(file, 'aliases: {a: b}\n')

    await expect(edit(await editor('echo "aliases: 3" > "$2"'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`your text is in '${file}.rejected'`),
    })
    expect(await readFile(file, 'utf8')).toBe('aliases: {a: b}\n')
    expect(await readFile(`${file}.rejected`, 'utf8')).toBe('aliases: 3\n')
  })

  it('opens the editor again with the same text when the user wants it', async () => {
    const asked: string[] = []
    const twice = await editor(
      'if grep -q wrong "$2"; then echo "aliases: {a: c}" > "$2"; else echo "wrong: 1" > "$2"; fi',
    )
    const outcome = await editConfigFile({
      home,
      env: {EDITOR: twice},
      retry: async (error) => {
        asked.push(error.message)
        return true
      },
    })

    expect(outcome.changed).toBe(true)
    expect(asked).toEqual([expect.stringContaining('wrong: unknown key')])
  })

  it('does not overwrite what somebody else wrote meanwhile', async () => {
    await writeFile(file, 'aliases: {a: b}\n')
    const slow = await editor(`echo "aliases: {a: c}" > "$2"; echo "aliases: {x: y}" > '${file}'`)

    await expect(edit(slow)).rejects.toMatchObject({code: 'CONFLICT'})
    expect(await readFile(file, 'utf8')).toBe('aliases: {x: y}\n')
    expect(await readFile(`${file}.rejected`, 'utf8')).toBe('aliases: {a: c}\n')
  })

  it.each([
    ['/no/such/editor', 'IO'],
    ["'open", 'USAGE'],
    ['   ', 'USAGE'],
    ['false', 'IO'],
  ])('with the editor %j is %s and changes nothing', async (EDITOR, code) => {
    await expect(edit(EDITOR)).rejects.toMatchObject({code})
    expect(await names()).toEqual([])
  })

  it('passes no text to a shell', async () => {
    const trap = join(home, 'trap')

    await expect(edit(`/no/such/editor; touch ${trap}`)).rejects.toMatchObject({code: 'IO'})
    expect(await names()).toEqual([])
  })
})

describe('reset', () => {
  it('keeps a copy', async () => {
    await writeFile(file, 'aliases: {a: b}\n')
    const copy = await resetConfigFile(home, new Date('2025-01-02T03:04:05.678Z'))

    expect(copy).toBe(`${file}.20250102T030405Z.bak`)
    expect(await names()).toEqual(['config.yaml.20250102T030405Z.bak'])
    expect(await resetConfigFile(home, new Date())).toBeUndefined()
  })
})
