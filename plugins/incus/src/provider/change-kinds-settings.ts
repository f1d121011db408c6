import {join} from 'node:path'
import {type CallOptions, type DriverContext, ensurePrivateDir, messageOf, writeFileAtomic} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusClient} from '../client/client.ts'
import {getSettingsMetadata} from './requests.ts'

/** What the server says of one of its settings. */
export interface Setting {
  readonly type: string
  /** Takes effect while the machine runs. */
  readonly isLive: boolean
  /** The only type of machine that has it; absent: both. */
  readonly only?: 'container' | 'vm' | undefined
}

/** Settings of instances by name; one that ends in `*` stands for all that begin so. */
export type Settings = ReadonlyMap<string, Setting>

const metadataWire = z.object({
  configs: z.record(
    z.string(),
    z.record(z.string(), z.object({keys: z.nullish(z.array(z.record(z.string(), z.record(z.string(), z.unknown()))))})),
  ),
})
type Metadata = z.output<typeof metadataWire>

/** The settings of instances that this server has, asked once and kept in the cache by its version. */
export async function readSettings(
  client: IncusClient,
  {home, log}: Pick<DriverContext, 'home' | 'log'>,
  options?: CallOptions,
): Promise<Settings> {
  const {environment} = await client.server(options)
  const version = environment?.server_version ?? ''
  const folder = join(home, 'cache')
  const file = join(folder, `incus-settings-${version.replace(/[^\w.-]/g, '_')}.json`)
  const kept = await readKept(file)
  if (kept !== undefined && version !== '') return settingsIn(kept)
  const {value} = await client.fetch(metadataWire, getSettingsMetadata(), options)
  const about = {configs: {instance: value.configs.instance ?? {}, kernel: value.configs.kernel ?? {}}}
  try {
    await ensurePrivateDir(folder)
    await writeFileAtomic(file, JSON.stringify(about))
  } catch (error) {
    log.debug(`the settings of Incus are not kept: ${messageOf(error)}`)
  }
  return settingsIn(about)
}

/** The setting that a key stands for; undefined when the server has none of that name. */
export function settingOf(key: string, settings: Settings): Setting | undefined {
  const exact = settings.get(key)
  if (exact !== undefined) return exact
  const pattern = [...settings.keys()].find((name) => name.endsWith('*') && key.startsWith(name.slice(0, -1)))
  return pattern === undefined ? undefined : settings.get(pattern)
}

async function readKept(file: string): Promise<Metadata | undefined> {
  const {readFile} = await import('node:fs/promises')
  try {
    return metadataWire.safeParse(JSON.parse(await readFile(file, 'utf8'))).data
  } catch {
    return undefined
  }
}

function settingsIn({configs}: Metadata): Settings {
  const groups = [...Object.values(configs.instance ?? {}), ...Object.values(configs.kernel ?? {})]
  const pairs = groups.flatMap(({keys}) => (keys ?? []).flatMap((entry) => Object.entries(entry)))
  return new Map(pairs.map(([name, about]) => [name, settingIn(about)]))
}

function settingIn(about: Readonly<Record<string, unknown>>): Setting {
  const text = (key: string) => (typeof about[key] === 'string' ? about[key].toLowerCase() : '')
  const condition = text('condition')
  const isVm = condition.includes('virtual machine')
  const isContainer = condition.includes('container')
  return {
    type: text('type'),
    isLive: text('liveupdate') === 'yes',
    only: isVm === isContainer ? undefined : isVm ? 'vm' : 'container',
  }
}
