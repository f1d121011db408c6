import {isAbsolute, normalize} from 'node:path'
import type {ServiceSpec} from '@omni-cli/sdk'
import type {CgroupBases} from './cgroup-bases.ts'
import {commandProblem} from './command.ts'
import {findUser} from './users.ts'

/** True when others can connect to it, so that it gets a port of its own (and `PORT`). */
export const listens = (spec: ServiceSpec): boolean => spec.port !== undefined

const NEEDS_CONTAINERS = 'needs a container engine, which this machine does not have; install Docker'

/** Why processes cannot run this spec. */
export function specProblems(spec: ServiceSpec): string[] {
  const wantsImage = spec.image !== undefined && spec.runtime !== 'process'
  const problems = [
    process.platform === 'win32' && 'processes are not supervised on Windows; use Linux, macOS or WSL',
    wantsImage && `image '${spec.image}' ${NEEDS_CONTAINERS}`,
    !wantsImage && spec.runtime === 'container' && `runtime 'container' ${NEEDS_CONTAINERS}`,
    (spec.runtime === 'wasm' || spec.module !== undefined) && "runtime 'wasm' is not supported; give a command",
    spec.build?.dockerfile !== undefined && `build.dockerfile ${NEEDS_CONTAINERS}`,
    spec.build?.repo !== undefined && 'build.repo is not supported here; give the folder of the sources as `source`',
    spec.mounts.length > 0 && 'mounts are only for containers; a process sees the files of this machine',
    ...commandProblems(spec),
    ...pathProblems(spec),
    ...userProblems(spec),
    ...Object.entries(spec.env).map(([name, value]) => value.includes('\0') && `env.${name} has a NUL byte`),
  ]
  return problems.filter((problem) => typeof problem === 'string')
}

function commandProblems(spec: ServiceSpec): string[] {
  const own = spec.command === undefined ? undefined : commandProblem(spec.command)
  const isMissing = spec.command === undefined && spec.image === undefined && spec.module === undefined
  const builds = (spec.build?.commands ?? []).map((command, index) => {
    const problem = commandProblem(command)
    return problem === undefined ? undefined : `build.commands[${index}]: ${problem}`
  })
  return [
    ...(isMissing ? ['there is no command'] : []),
    ...(own === undefined ? [] : [`command: ${own}`]),
    ...builds.filter((text) => text !== undefined),
  ]
}

function pathProblems({working_dir, volume}: ServiceSpec): string[] {
  const problems: string[] = []
  if (working_dir !== undefined && !isInside(working_dir)) {
    problems.push(`working_dir '${working_dir}' must be a folder inside the sources`)
  }
  if (volume !== undefined && (!isInside(volume.path) || normalize(volume.path).replace(/\/$/, '') === '.')) {
    problems.push(`volume.path '${volume.path}' must be relative and inside the sources, for a process`)
  }
  return problems
}

/** Relative, and not upwards. */
export const isInside = (path: string): boolean =>
  !isAbsolute(path) && normalize(path).split(/[\\/]/)[0] !== '..' && !path.includes('\0')

function userProblems({user}: ServiceSpec): string[] {
  if (user === undefined) return []
  if (process.getuid?.() !== 0) return [`user '${user}' can only be set when omni runs as root`]
  return findUser(user) === undefined ? [`this machine has no user '${user}'`] : []
}

/** What is accepted but not enforced. */
export function specWarnings(spec: ServiceSpec, cgroups: CgroupBases | undefined): string[] {
  const {memory, cpu, gpu} = spec.resources ?? {}
  const why = 'control groups are not writable here'
  const warnings = [
    memory !== undefined && cgroups?.memory === undefined && `resources.memory is not enforced: ${why}`,
    cpu !== undefined && cgroups?.cpu === undefined && `resources.cpu is not enforced: ${why}`,
    gpu !== undefined && 'resources.gpu is not enforced: processes see every GPU of this machine',
    spec.volume?.size !== undefined && 'volume.size is not enforced for processes',
    (spec.network !== undefined || spec.aliases.length > 0) && 'network and aliases are ignored for processes',
    spec.keep_network !== undefined && 'keep_network is ignored for processes, which keep their ports anyway',
    (spec.extra_ports ?? []).length > 0 && 'extra_ports are ignored for processes: they bind what they like',
  ]
  return warnings.filter((warning) => typeof warning === 'string')
}
