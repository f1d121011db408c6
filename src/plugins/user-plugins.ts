import {readFileSync} from 'node:fs'
import {join} from 'node:path'

/** A plugin that the user has added, as `package.json` of the plugin folder records it. */
export interface UserPlugin {
  readonly name: string
  /** `link`: used where it lies. */
  readonly type: 'user' | 'link'
  /** Folder of the package. */
  readonly root: string
  readonly tag?: string | undefined
  /** Where it came from when that was not the registry. */
  readonly url?: string | undefined
}

/** Plugins of a plugin folder; none when there is no such folder. A broken record counts as none. */
export function listUserPlugins(dataDir: string): readonly UserPlugin[] {
  const record = readJson(join(dataDir, 'package.json'))
  const entries = field(field(record, 'oclif'), 'plugins')
  if (!Array.isArray(entries)) return []
  return entries.flatMap((entry: unknown): UserPlugin[] => {
    const name = field(entry, 'name')
    if (typeof name !== 'string') return []
    const linked = field(entry, 'root')
    const common = {name, tag: textOf(field(entry, 'tag')), url: textOf(field(entry, 'url'))}
    return field(entry, 'type') === 'link' && typeof linked === 'string'
      ? [{...common, type: 'link', root: linked}]
      : [{...common, type: 'user', root: join(dataDir, 'node_modules', ...name.split('/'))}]
  })
}

export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

/** A member of what may be no object. */
export const field = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
