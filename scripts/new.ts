import {existsSync} from 'node:fs'
import {cp, glob, mkdir, readFile, rename, rm, writeFile} from 'node:fs/promises'
import {dirname, join, relative} from 'node:path'
import {fileURLToPath} from 'node:url'
import {parseArgs} from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const scaffold = join(root, 'templates', 'scaffold')

const USAGE = `npm run new:command -- "backup now"            a command, its function and its test
npm run new:plugin -- acme [--dir DIR] [--package NAME]    a plugin with a provider and a command, in its own folder
npm run new:provider -- acme                   a plugin of this repository, under plugins/`

type Words = Readonly<Record<string, string>>

const {values, positionals} = parseArgs({
  allowPositionals: true,
  options: {dir: {type: 'string'}, package: {type: 'string'}},
})
const [what, ...names] = positionals
const name = names.join(' ').trim()
if (!/^[a-z][a-z0-9]*([- ][a-z][a-z0-9]*)*$/.test(name)) fail(`a name in lower-case letters is needed\n${USAGE}`)
if (what === 'command') await newCommand(name)
else if (what === 'plugin')
  await newPlugin(
    name,
    values.dir ?? join(process.cwd(), `omni-plugin-${name}`),
    values.package ?? `omni-plugin-${name}`,
  )
else if (what === 'provider') await newPlugin(name, join(root, 'plugins', name), `@omni-cli/plugin-${name}`)
else fail(USAGE)

/** `backup now` → src/commands/backup/now.ts, src/backup/now.ts and its test. */
async function newCommand(words: string): Promise<void> {
  const path = words.replaceAll(' ', '/')
  const domain = path.includes('/') ? path : `${path}/${path}`
  const camel = words.replace(/[ -](\w)/g, (_, letter: string) => letter.toUpperCase())
  const command = join(root, 'src', 'commands', `${path}.ts`)
  const source = join(root, 'src', `${domain}.ts`)
  const test = join(root, 'test', `${domain}.test.ts`)
  const replaced = {words, camel, Pascal: camel.charAt(0).toUpperCase() + camel.slice(1)}
  await fill(join(scaffold, 'command', 'command.ts'), command, {...replaced, domain: importPath(command, source)})
  await fill(join(scaffold, 'command', 'domain.ts'), source, replaced)
  await fill(join(scaffold, 'command', 'test.ts'), test, {...replaced, source: importPath(test, source)})
  done([command, source, test], 'npm run build && npm test')
}

async function newPlugin(id: string, dir: string, packageName: string): Promise<void> {
  if (existsSync(dir)) fail(`'${dir}' exists already`)
  const {version} = JSON.parse(await readFile(join(root, 'packages', 'sdk', 'package.json'), 'utf8'))
  const words = {name: id, Name: id.charAt(0).toUpperCase() + id.slice(1), package: packageName, sdk: version}
  await cp(join(scaffold, 'plugin'), dir, {recursive: true})
  await rename(join(dir, 'src', 'commands', '__name__'), join(dir, 'src', 'commands', id))
  const files = await Array.fromAsync(glob('**/*.{ts,json,md}', {cwd: dir}))
  for (const file of files) await fill(join(dir, file), join(dir, file), words)
  done([dir], `cd ${relative(process.cwd(), dir) || '.'} && npm install && npm run build && omni plugin link .`)
}

async function fill(template: string, target: string, words: Words): Promise<void> {
  if (template !== target && existsSync(target)) fail(`'${target}' exists already`)
  const text = await readFile(template, 'utf8')
  await mkdir(dirname(target), {recursive: true})
  await rm(target, {force: true})
  await writeFile(
    target,
    text.replace(/__([A-Za-z]+)__/g, (whole, key: string) => words[key] ?? whole),
  )
}

function importPath(from: string, to: string): string {
  const path = relative(dirname(from), to)
  return path.startsWith('.') ? path : `./${path}`
}

function done(made: readonly string[], next: string): void {
  process.stdout.write(
    `${made.map((path) => `made ${relative(process.cwd(), path) || path}`).join('\n')}\nnext: ${next}\n`,
  )
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}
