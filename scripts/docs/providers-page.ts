import {readdir, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import {createHttp, type DriverContext, type InstanceProvider, silentLogger} from '@omni-cli/sdk'
import {z} from 'zod'

const declared = z.object({
  omni: z
    .object({providers: z.array(z.object({kind: z.string(), id: z.string(), title: z.string(), module: z.string()}))})
    .optional(),
})

/** Drivers of machines as they are opened without any engine, and what each of them has. */
export async function providersPage(root: string): Promise<string> {
  const drivers = (
    await Promise.all((await readdir(join(root, 'plugins'))).map((name) => driversOf(root, name)))
  ).flat()
  const facets = [...new Set(drivers.flatMap(({provider}) => facetsOf(provider)))].sort()
  const row = (title: string, cells: readonly string[]) => `| ${[title, ...cells].join(' | ')} |`
  const each = (cell: (provider: InstanceProvider) => string) => drivers.map(({provider}) => cell(provider))
  const has = (isThere: boolean) => (isThere ? 'yes' : '–')
  return [
    'What each driver of machines has. A command that needs a facet which a driver does not have says so and ends with 6; what a',
    'driver cannot honour in a plan is refused, with its line, before anything is made. `omni provider list --facets` shows the',
    'same for the drivers and versions that are installed: Multipass has snapshots from 1.13 on and copies from 1.15 on.',
    '',
    row(
      '',
      drivers.map(({id}) => `\`${id}\``),
    ),
    row(
      '---',
      drivers.map(() => '---'),
    ),
    row(
      'types',
      each(({traits}) => traits.types.join(', ')),
    ),
    row(
      'labels',
      each(({traits}) => has(traits.labels)),
    ),
    row(
      'changed in place',
      each(({traits}) => traits.mutable.map((field) => `\`${field}\``).join(' ')),
    ),
    row(
      'changed by a rebuild',
      each(({traits}) => (traits.rebuildable ?? []).map((field) => `\`${field}\``).join(' ') || '–'),
    ),
    ...facets.map((facet) =>
      row(
        facet,
        each((provider) => has(facetsOf(provider).includes(facet))),
      ),
    ),
  ].join('\n')
}

async function driversOf(root: string, plugin: string): Promise<{id: string; provider: InstanceProvider}[]> {
  const folder = join(root, 'plugins', plugin)
  const {omni} = declared.parse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')))
  const machines = (omni?.providers ?? []).filter(({kind}) => kind === 'instance')
  return Promise.all(
    machines.map(async ({id, module}) => {
      const {default: definition} = await import(pathToFileURL(join(folder, module)).href)
      return {id, provider: await definition.create(nowhere, definition.settings.parse({}))}
    }),
  )
}

/** Nothing can be asked. */
const nowhere: DriverContext = {
  home: '/nonexistent',
  env: {},
  context: 'docs',
  namespace: undefined,
  http: createHttp({log: silentLogger}),
  exec: () => Promise.reject(new Error('no program is run here')),
  log: silentLogger,
  notice: () => undefined,
}

const facetsOf = (provider: InstanceProvider): string[] =>
  Object.entries(provider)
    .filter(([key, value]) => key !== 'traits' && typeof value === 'object' && value !== null)
    .map(([key]) => key)
