import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Contribution} from '@omni-cli/sdk/cli'

/** One command as the start needs it: where it is, and what a person may type after it. */
export interface IndexedCommand {
  /** Relative to `dist`; empty for one that is not part of the bundle. */
  readonly file: string
  readonly summary: string
  readonly hidden: boolean
  /** It asks for the list of plugins or of all commands, so the short way is closed to it. */
  readonly needsPlugins: boolean
  /** The plugin it belongs to, when that one is not part of the bundle. */
  readonly plugin?: string | undefined
}

export interface IndexedKind {
  readonly kind: string
  readonly plural: string
  readonly short: readonly string[]
}

/** `dist/index.json`, written by the build: everything the start knows without loading a command. */
export interface CommandIndex {
  readonly version: string
  readonly commands: Readonly<Record<string, IndexedCommand>>
  /** Another way to type a command: alias id → id. */
  readonly aliases: Readonly<Record<string, string>>
  readonly topics: Readonly<Record<string, string>>
  /** Plugins that are part of the bundle. */
  readonly plugins: readonly {readonly name: string; readonly version: string}[]
  /** Kinds of things, for completion. */
  readonly kinds: readonly IndexedKind[]
  /** Providers of the plugins that are part of this package; `module` relative to `dist`. */
  readonly contributions: readonly Contribution[]
}

export const readIndex = (root: string): CommandIndex =>
  JSON.parse(readFileSync(join(root, 'dist', 'index.json'), 'utf8'))
