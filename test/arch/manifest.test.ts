import {readFile} from 'node:fs/promises'
import {fileURLToPath} from 'node:url'
import type {Interfaces} from '@oclif/core'
import {ERROR_CODES} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'

const read = (path: string) => readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')
const manifest: Interfaces.Manifest = JSON.parse(await read('oclif.manifest.json'))
const commands = Object.values(manifest.commands).filter(({hidden}) => hidden !== true)

/** What a flag means, wherever it is. */
const RESERVED: Readonly<Record<string, string>> = {
  o: 'output',
  n: 'namespace',
  A: 'all-namespaces',
  l: 'label',
  w: 'watch',
  y: 'yes',
  q: 'quiet',
}

describe.each(commands.map((command) => [command.id, command] as const))('omni %s', (_, command) => {
  it('has a summary in lower case without a full stop, and an example', () => {
    expect(command.summary).toMatch(/^[^A-Z].*[^.]$/)
    expect(command.examples?.length ?? 0).toBeGreaterThan(0)
  })

  it('has flags that mean what they mean elsewhere', () => {
    for (const [name, flag] of Object.entries(command.flags)) {
      expect(name).toMatch(/^[a-z][a-z0-9-]*$/)
      if (flag.char !== undefined && flag.char in RESERVED) expect(name).toBe(RESERVED[flag.char])
      expect(flag.summary ?? flag.description, `--${name}`).toBeTruthy()
    }
  })
})

it('no two commands share a name or an alias', () => {
  const names = Object.values(manifest.commands).flatMap(({id, aliases, hiddenAliases}) => [
    id,
    ...aliases,
    ...hiddenAliases,
  ])

  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})

it('the reference lists exactly the error codes there are', async () => {
  const rows = [...(await read('docs/reference/errors.md')).matchAll(/^\| `(\w+)` \| (\d+) \| (\d+) \|/gm)]

  expect(rows.map(([, code, exit, http]) => [code, Number(exit), Number(http)])).toEqual(
    Object.entries(ERROR_CODES).map(([code, {exit, http}]) => [code, exit, http]),
  )
})
