import {mkdir, readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {ERROR_CODES} from '@omni-cli/sdk'
import {type FieldSchema, fieldSchema, planSchema} from '@omni-cli/sdk/engine'
import {z} from 'zod'
import {configSchema} from '../packages/sdk/src/cli/config/schema.ts'
import {commandPage} from './docs/command-page.ts'
import {providersPage} from './docs/providers-page.ts'
import {schemaTable} from './docs/schema-page.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'docs', 'reference')

/** Pages that are made from the code. With `--check`, exit 1 when one is not as the code would make it. */
const pages: Readonly<Record<string, string>> = {
  'commands.md': page('Commands', commandPage(JSON.parse(await readFile(join(root, 'oclif.manifest.json'), 'utf8')))),
  'errors.md': page('Errors', errorTable()),
  'configuration.md': page(
    'config.yaml',
    schemaTable(z.toJSONSchema(configSchema, {io: 'input', unrepresentable: 'any'}) as FieldSchema),
  ),
  'service.md': page('A service in omni.yaml or service.toml', schemaTable(fieldSchema('service'))),
  'instance.md': page('An instance in a plan', schemaTable(fieldSchema('instance'))),
  'profile.md': page('A profile in a plan', schemaTable(fieldSchema('profile'))),
  'network.md': page('A network in a plan', schemaTable(fieldSchema('network'))),
  'providers.md': page('Drivers of machines', await providersPage(root)),
  'plan.md': page('A plan', await planPage()),
  'plan.schema.json': `${JSON.stringify(planSchema(), undefined, 2)}\n`,
}

if (process.argv.includes('--check')) await checkPages()
else await writePages()

async function writePages(): Promise<void> {
  await mkdir(folder, {recursive: true})
  for (const [file, text] of Object.entries(pages)) await writeFile(join(folder, file), text)
}

async function checkPages(): Promise<void> {
  for (const [file, text] of Object.entries(pages)) {
    if ((await readFile(join(folder, file), 'utf8').catch(() => '')) === text) continue
    process.stderr.write(`docs/reference/${file} is not as the code says: npm run docs\n`)
    process.exitCode = 1
  }
}

/** What stands in a plan around the things themselves, with a plan that is known to work. */
async function planPage(): Promise<string> {
  const text = await readFile(join(root, 'scripts', 'docs', 'plan.md'), 'utf8')
  const demo = await readFile(join(root, 'examples', 'plans', 'demo.yaml'), 'utf8')
  return text.trimEnd().replace('DEMO', () => demo.trimEnd())
}

function errorTable(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, {exit, http, title}]) => `| \`${code}\` | ${exit} | ${http} | ${title} |`,
  )
  return [
    'Exit status 0: what was promised was observed. 1: a bug. Errors go to stderr; with `-o json`, `yaml` or `jsonl`',
    'also as `{"error": {"code", "message", "hint", "details"}}` to stdout.',
    '',
    '| code | exit status | HTTP status | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

function page(title: string, body: string): string {
  return `# ${title}\n\n<!-- Made from the code by \`npm run docs\`. -->\n\n${body}\n`
}
