import {spawnSync} from 'node:child_process'
import {mkdirSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {Failure} from './command-line.ts'
import {guestEnvironment, placeOf, toHost} from './guest.ts'
import type {Fault, Store} from './store.ts'

/** The text parsed and written again, as the client sends it. Exit 1 when it is no YAML. */
export async function readUserData(text: string): Promise<Readonly<Record<string, unknown>>> {
  const {parse} = await import('yaml')
  try {
    const found: unknown = parse(text)
    return typeof found === 'object' && found !== null ? {...found} : {}
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new Failure(1, `error: Could not load cloud-init configuration: ${reason}`)
  }
}

export interface FirstBoot {
  readonly name: string
  readonly userData: Readonly<Record<string, unknown>>
  /** Milliseconds of the epoch. */
  readonly doneAt: number
  readonly fault?: Fault['kind'] | undefined
}

const NEVER = 9_000_000_000_000

/** Writes files and runs commands of the user data; the result is what `cloud-init status` tells. */
export function firstBoot(store: Store, {name, userData, doneAt, fault}: FirstBoot): void {
  const root = store.root(name)
  const problems =
    fault === 'cloud-init-error' ? ["('scripts_user', RuntimeError('Runparts: 1 failures (runcmd)'))"] : []
  const output = [...writeFiles(userData, root), ...runCommands(store, userData, root, problems)]
  const degraded = fault === 'cloud-init-degraded'
  const state = problems.length > 0 ? 'error' : 'done'
  const at = (file: string) => join(root, 'run/cloud-init', file)
  writeFileSync(join(root, 'var/lib/cloud/instance/user-data.txt'), `#cloud-config\n${JSON.stringify(userData)}\n`)
  writeFileSync(join(root, 'var/log/cloud-init-output.log'), `${output.join('\n')}\nCloud-init finished\n`)
  writeFileSync(at('done-at'), String(fault === 'cloud-init-never' ? NEVER : doneAt))
  writeFileSync(at('exit'), String(problems.length > 0 ? 1 : degraded ? 2 : 0))
  const status = {
    boot_status_code: 'enabled-by-generator',
    detail: 'DataSourceNoCloud [seed=/dev/sr0]',
    errors: problems,
    extended_status: degraded ? 'degraded done' : problems.length > 0 ? 'error - done' : 'done',
    recoverable_errors: degraded ? {WARNING: ['Deprecated key in user data']} : {},
    status: state,
  }
  writeFileSync(at('status.json'), `${JSON.stringify(status, undefined, 1)}\n`)
}

function writeFiles(userData: Readonly<Record<string, unknown>>, root: string): string[] {
  const entries = Array.isArray(userData.write_files)
    ? (userData.write_files as {path: string; content?: string}[])
    : []
  for (const {path, content = ''} of entries) {
    mkdirSync(dirname(placeOf(path, root)), {recursive: true})
    writeFileSync(placeOf(path, root), content)
  }
  return entries.map(({path}) => `wrote ${path}`)
}

/** One script, as cloud-init makes of runcmd: its last line decides. */
function runCommands(
  store: Store,
  userData: Readonly<Record<string, unknown>>,
  root: string,
  problems: string[],
): string[] {
  if (!Array.isArray(userData.runcmd) || userData.runcmd.length === 0) return []
  const quoted = (words: readonly unknown[]) =>
    words.map((word) => `'${String(word).replaceAll("'", `'\\''`)}'`).join(' ')
  const lines = userData.runcmd.map((line) => (Array.isArray(line) ? quoted(line) : String(line)))
  const {status, stdout, stderr} = spawnSync('sh', ['-c', toHost(lines.join('\n'), root)], {
    cwd: root,
    env: guestEnvironment(store, root),
    encoding: 'utf8',
    timeout: 20_000,
  })
  if (status !== 0)
    problems.push("('scripts_user', RuntimeError('Runparts: 1 failures (runcmd) in 1 attempted commands'))")
  return [stdout, stderr]
}
