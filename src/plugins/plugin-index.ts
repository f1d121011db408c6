import {readdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {join, sep} from 'node:path'
import {makePrivateFolder} from '@omni-cli/sdk'
import type {Contribution} from '@omni-cli/sdk/cli'
import type {CommandWords} from '../completion/command-words.ts'
import {field, listUserPlugins, readJson, type UserPlugin} from './user-plugins.ts'

export interface PluginCommand {
  readonly plugin: string
  readonly summary: string
  readonly hidden: boolean
  readonly words: CommandWords
}

/** What the start and the completion need to know of the user's plugins, so that none has to be loaded. */
export interface PluginIndex {
  readonly commands: Readonly<Record<string, PluginCommand>>
  readonly aliases: Readonly<Record<string, string>>
  readonly topics: Readonly<Record<string, string>>
  readonly contributions: readonly Contribution[]
  /** Some plugin wants to be called around every command. */
  readonly hasHooks: boolean
  /** What went wrong while they were loaded. */
  readonly problems: readonly PluginProblem[]
}

/** Something that is wrong with an installed plugin; the rest works without it. */
export interface PluginProblem {
  readonly plugin: string
  readonly problem: string
}

/** What the index depends on. */
export interface PluginIndexKey {
  readonly home: string
  readonly dataDir: string
  readonly version: string
  readonly switches: readonly {readonly name: string; readonly enabled: boolean}[]
}

export const NO_PLUGINS: PluginIndex = {
  commands: {},
  aliases: {},
  topics: {},
  contributions: [],
  hasHooks: false,
  problems: [],
}

/** The index of the last run that loaded the plugins; undefined when a plugin has changed since. */
export function readPluginIndex(key: PluginIndexKey): PluginIndex | undefined {
  const plugins = listUserPlugins(key.dataDir)
  if (plugins.length === 0) return NO_PLUGINS
  const cached = readJson(cacheFile(key))
  if (typeof cached !== 'object' || cached === null || !('index' in cached) || !('key' in cached)) return undefined
  // Only this program writes the file, and the key names its version.
  return cached.key === keyText(key, plugins) ? (cached.index as PluginIndex) : undefined
}

/** Keeps the index for the next run. Best effort: it is only a cache. */
export function writePluginIndex(key: PluginIndexKey, index: PluginIndex): void {
  const text = keyText(key, listUserPlugins(key.dataDir))
  const file = cacheFile(key)
  const temporary = `${file}.${process.pid}.tmp`
  try {
    makePrivateFolder(join(key.home, 'cache'))
    writeFileSync(temporary, JSON.stringify({key: text, index}), {mode: 0o600})
    renameSync(temporary, file)
  } catch {
    removeQuietly(temporary)
  }
}

/** `force` forgives a file that is not there, but not a home that is no folder. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, {force: true})
  } catch {
    // `doctor` tells what is wrong with the home.
  }
}

const cacheFile = ({home}: PluginIndexKey): string => join(home, 'cache', 'plugins.json')

/** What lies in the plugin folder stays as it was installed; what is linked is looked at file by file. */
function keyText(key: PluginIndexKey, plugins: readonly UserPlugin[]): string {
  const marks = plugins.map(({root}) => [
    root,
    markOf(join(root, 'package.json')),
    markOf(join(root, 'oclif.manifest.json')) ?? (isInside(root, key.dataDir) ? undefined : commandMarks(root)),
  ])
  return JSON.stringify([key.version, key.switches, markOf(join(key.dataDir, 'package.json')), marks])
}

function markOf(path: string): string | undefined {
  const stats = statSync(path, {throwIfNoEntry: false})
  return stats === undefined ? undefined : `${stats.mtimeMs}:${stats.size}:${stats.ino}`
}

/** Every file of the commands of a plugin without a manifest. */
function commandMarks(root: string): readonly unknown[] {
  const declared = field(field(readJson(join(root, 'package.json')), 'oclif'), 'commands')
  const folder = typeof declared === 'string' ? declared : field(declared, 'target')
  if (typeof folder !== 'string') return []
  const path = join(root, folder)
  try {
    return readdirSync(path, {recursive: true}).map((name) => [name, markOf(join(path, String(name)))])
  } catch {
    return []
  }
}

function isInside(path: string, folder: string): boolean {
  try {
    return realpathSync(path).startsWith(realpathSync(folder) + sep)
  } catch {
    return true
  }
}
