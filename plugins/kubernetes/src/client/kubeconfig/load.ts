import {createReadStream} from 'node:fs'
import {homedir} from 'node:os'
import {delimiter, join, resolve} from 'node:path'
import {OmniError, reasonOf} from '@omni-cli/sdk'
import type {Kubeconfig} from './kubeconfig.ts'
import {type KubeconfigProblem, parseKubeconfig} from './parse.ts'

type Environment = Readonly<Record<string, string | undefined>>

const MAX_BYTES = 16 * 1024 * 1024
const MOST_SHOWN = 20

/** Which files are meant, and whether they must be there. */
export interface KubeconfigFiles {
  readonly files: readonly string[]
  /** Named by a person; those of the environment may be missing, as with kubectl. */
  readonly areNamed: boolean
}

/** The named files, else those of `$KUBECONFIG`, else `~/.kube/config`. */
export function kubeconfigFiles(named: readonly string[], env: Environment): KubeconfigFiles {
  const home = env.HOME || homedir()
  const expand = (file: string) => resolve(file.startsWith('~/') ? join(home, file.slice(2)) : file)
  if (named.length > 0) return {files: [...new Set(named.map(expand))], areNamed: true}
  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '')
  if (listed.length > 0) return {files: [...new Set(listed.map((file) => resolve(file)))], areNamed: false}
  return {files: [join(home, '.kube', 'config')], areNamed: false}
}

/**
 * The files as one: of several entries with a name the first file's counts, whole. Undefined when there is none of them.
 * CONFIG_INVALID with every problem of every file; NOT_FOUND for a named file that is missing; IO.
 */
export async function loadKubeconfig({files, areNamed}: KubeconfigFiles): Promise<Kubeconfig | undefined> {
  const problems: KubeconfigProblem[] = []
  const read = await Promise.all(files.map((file) => readText(file, areNamed)))
  const configs = read.flatMap((text, index) => {
    const file = files[index]
    return text === undefined || file === undefined ? [] : [parseKubeconfig(text, file, problems)]
  })
  if (problems.length > 0) throw problemsError(problems)
  return configs.length === 0 ? undefined : merged(configs)
}

async function readText(file: string, isNeeded: boolean): Promise<string | undefined> {
  try {
    const chunks: Buffer[] = []
    let size = 0
    // A pipe or a device has no size that could be asked for.
    for await (const chunk of createReadStream(file)) {
      size += chunk.length
      if (size > MAX_BYTES) throw new Error('it is larger than 16 MiB')
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
      .toString('utf8')
      .replace(/^\ufeff/, '')
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (isMissing && !isNeeded) return undefined
    if (isMissing) {
      throw new OmniError('NOT_FOUND', `there is no kubeconfig '${file}'`, {
        hint: 'omni cluster connect --kubeconfig FILE',
      })
    }
    throw new OmniError('IO', `cannot read the kubeconfig '${file}': ${reasonOf(error)}`, {cause: error})
  }
}

/** What stands first wins, name by name. */
function merged(configs: readonly Kubeconfig[]): Kubeconfig {
  const reversed = configs.toReversed()
  return {
    current: configs.find(({current}) => current !== undefined)?.current,
    clusters: new Map(reversed.flatMap(({clusters}) => [...clusters])),
    users: new Map(reversed.flatMap(({users}) => [...users])),
    contexts: new Map(reversed.flatMap(({contexts}) => [...contexts])),
    files: configs.flatMap(({files}) => files),
  }
}

function problemsError(problems: readonly KubeconfigProblem[]): OmniError {
  const lines = problems
    .slice(0, MOST_SHOWN)
    .map(({file, line, column, message}) => `${file}:${line}:${column}: ${message}`)
  const head = problems.length === 1 ? [] : [`the kubeconfig has ${problems.length} problems`]
  const rest = problems.length > MOST_SHOWN ? [`… and ${problems.length - MOST_SHOWN} more`] : []
  return new OmniError('CONFIG_INVALID', [...head, ...lines, ...rest].join('\n'), {
    hint: 'correct the file, or name another one: omni cluster connect --kubeconfig FILE',
    details: {problems},
  })
}

/** Nothing is there to read. */
export const noKubeconfig = (files: readonly string[]): OmniError =>
  new OmniError('NOT_FOUND', `there is no kubeconfig: ${files.join(', ')}`, {
    hint: 'omni cluster connect --kubeconfig FILE',
  })
