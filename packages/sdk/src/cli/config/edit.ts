import {realpath} from 'node:fs/promises'
import {isCollection, isMap, isNode, isScalar, LineCounter, parse, parseDocument, type YAMLMap} from 'yaml'
import {isOmniError, OmniError} from '../../errors.ts'
import {reasonOf, writeFileAtomic} from '../../io/files.ts'
import {makePrivateFolder} from '../../io/make-folder.ts'
import {retry} from '../../io/retry.ts'
import type {OmniConfig} from '../session.ts'
import {configFileIn} from './home.ts'
import {readConfigText} from './load.ts'
import {parseConfig, problemsOf} from './parse.ts'

export {parseConfig} from './parse.ts'

/** Keys from the top: `['contexts', 0, 'namespace']`. */
export type ConfigPath = readonly (string | number)[]

/** The text of a configuration file as a tree; comments and order stay as they are. */
export interface ConfigEditor {
  /** The plain value, undefined when there is none. */
  get(path: ConfigPath): unknown
  /** Makes the maps on the way. */
  set(path: ConfigPath, value: unknown): void
  /** False when there was nothing. A map that is empty then goes, too. */
  remove(path: ConfigPath): boolean
  /** Where it is written, counted from 1. */
  line(path: ConfigPath): number | undefined
  toString(): string
}

export function openConfigText(text: string): ConfigEditor {
  const lines = new LineCounter()
  const document = parseDocument(text, {lineCounter: lines, prettyErrors: false})
  if (document.contents === null) document.contents = document.createNode({}) as YAMLMap.Parsed
  return {
    get(path) {
      const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true)
      return isNode(node) ? node.toJS(document, {maxAliasCount: 100}) : node
    },
    set(path, value) {
      // A plain value goes into the node that is there, so that its comment stays.
      document.setIn(path, typeof value === 'object' ? document.createNode(value) : value)
    },
    remove(path) {
      if (!document.hasIn(path)) return false
      document.deleteIn(path)
      const parent: unknown = path.length < 2 ? undefined : document.getIn(path.slice(0, -1), true)
      if (isCollection(parent) && parent.items.length === 0) document.deleteIn(path.slice(0, -1))
      return true
    },
    line(path) {
      const parent: unknown = path.length < 2 ? document.contents : document.getIn(path.slice(0, -1), true)
      const key = path.at(-1)
      const pair = isMap(parent) ? parent.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined
      const node = pair?.key ?? document.getIn(path, true)
      return isNode(node) && node.range ? lines.linePos(node.range[0]).line : undefined
    },
    toString: () => document.toString({lineWidth: 0}),
  }
}

/** A word of a command line as a value: `true`, `3`, `{env: NAME}`, else the text itself. */
export function parseConfigValue(text: string): unknown {
  try {
    const value: unknown = parse(text, {maxAliasCount: 0})
    return value ?? text
  } catch {
    return text
  }
}

/** Another command that writes is done soon. */
const LOCK_ATTEMPTS = {
  attempts: 40,
  baseMs: 50,
  maxMs: 200,
  when: (error: unknown) => isOmniError(error) && error.code === 'LOCKED',
}

/**
 * Changes the configuration file; what cannot be read back is not written. One writer at a time.
 * CONFIG_INVALID when the file is, or would become, wrong; LOCKED; IO.
 */
export async function editConfig(home: string, change: (editor: ConfigEditor) => void): Promise<OmniConfig> {
  await makeHome(home)
  const {withLock} = await import('../../engine/lock.ts')
  return retry(LOCK_ATTEMPTS, () =>
    withLock({home, name: '.config', command: 'omni config'}, async () => {
      const path = configFileIn(home)
      const text = (await readConfigText(path)) ?? ''
      parseConfig(text, path)
      const editor = openConfigText(text)
      change(editor)
      const next = editor.toString()
      const config = parseChanged(next, path)
      if (next !== text) await writeConfigText(path, next)
      return config
    }),
  )
}

/** What is wrong now comes from the command line, not from the file. */
function parseChanged(text: string, path: string): OmniConfig {
  try {
    return parseConfig(text, path)
  } catch (error) {
    if (!isOmniError(error)) throw error
    const problems = problemsOf(error).map((problem) => `${problem.path}: ${problem.message}`)
    throw new OmniError('USAGE', problems.join('\n') || error.message, {hint: 'omni config view', cause: error})
  }
}

/** Writes through a symbolic link, as people keep this file among their dotfiles. */
export async function writeConfigText(path: string, text: string): Promise<void> {
  await writeFileAtomic(await realpath(path).catch(() => path), text, {mode: 0o600})
}

async function makeHome(home: string): Promise<void> {
  try {
    makePrivateFolder(home)
  } catch (error) {
    throw new OmniError('IO', `cannot make the folder '${home}': ${reasonOf(error)}`, {
      hint: 'export OMNI_HOME=/some/folder',
      cause: error,
    })
  }
}
