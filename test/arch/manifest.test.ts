import {readFile} from 'node:fs/promises'
import {fileURLToPath} from 'node:url'
import type {Interfaces} from '@oclif/core'
import {ERROR_CODES} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'

const read = (path: string) => readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')
const manifest: Interfaces.Manifest = JSON.parse(await read('oclif.manifest.json'))
const commands = Object.values(manifest.commands)
  .filter(({hidden}) => hidden !== true)
  .sort((left, right) => (left.id < right.id ? -1 : 1))

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

it('the tree of commands and flags is the one that was agreed on (npm run golden)', async () => {
  const lines = commands.flatMap(({id, args, flags}) => [
    `omni ${[...id.split(':'), ...Object.values(args).map(argText)].join(' ')}`,
    ...Object.entries(flags).flatMap(([name, flag]) =>
      flag.helpGroup === 'GLOBAL' ? [] : [`  ${flagText(name, flag)}`],
    ),
  ])

  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('../golden/commands.txt')
})

type Args = (typeof commands)[number]['args']
type Flags = (typeof commands)[number]['flags']

const argText = ({name, required, multiple}: Args[string]): string =>
  `${required === true ? name.toUpperCase() : `[${name.toUpperCase()}]`}${multiple === true ? '...' : ''}`

const flagText = (name: string, flag: Flags[string]): string => {
  const char = flag.char === undefined ? '' : `-${flag.char} `
  if (flag.type === 'boolean') return `${char}--${flag.allowNo === true ? '[no-]' : ''}${name}`
  return `${char}--${name}=${flag.options?.join('|') ?? 'VALUE'}${flag.multiple === true ? '...' : ''}`
}

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
