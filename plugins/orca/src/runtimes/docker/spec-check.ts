import {isAbsolute} from 'node:path/posix'
import {formatBytes, type ServiceSpec} from '@omni-cli/sdk'
import {commandProblem} from '../process/command.ts'
import {parseMount} from './mounts.ts'
import {DOCKER_NAME, networkOf} from './names.ts'
import {parsePort} from './ports.ts'

/** Docker refuses less. */
const LEAST_MEMORY = 6 * 1024 * 1024

/** Of one variable or argument, with the byte behind it; the kernel's own limit. */
const MOST_BYTES = 128 * 1024

/** Why a container cannot run this spec. */
export function specProblems(spec: ServiceSpec): string[] {
  const problems = [
    (spec.runtime === 'wasm' || spec.module !== undefined) && "runtime 'wasm' is not supported; give an image",
    !hasSource(spec) && 'there is no image, and nothing to build one from',
    spec.working_dir !== undefined &&
      !isAbsolute(spec.working_dir) &&
      `working_dir '${spec.working_dir}' must be absolute`,
    !DOCKER_NAME.test(networkOf(spec)) && `network '${spec.network}' has characters that Docker does not take`,
    ...spec.aliases.map((alias) => !DOCKER_NAME.test(alias) && `alias '${alias}' is no host name`),
    ...commandProblems(spec),
    ...mountProblems(spec),
    ...(spec.extra_ports ?? []).map((text) => problemIn(parsePort(text))),
    ...resourceProblems(spec),
    ...envProblems(spec.env),
  ]
  return problems.filter((problem) => typeof problem === 'string')
}

/** What the kernel does not take. */
export const envProblems = (env: Readonly<Record<string, string>>): string[] =>
  Object.entries(env).flatMap(([name, value]) => {
    if (value.includes('\0')) return [`env.${name} has a NUL byte`]
    const isLong = Buffer.byteLength(`${name}=${value}`) >= MOST_BYTES
    return isLong ? [`env.${name} is too long: Linux takes less than 128 KiB`] : []
  })

const hasSource = ({image, build, source, artifact}: ServiceSpec): boolean =>
  [image, build, source, artifact].some((given) => given !== undefined)

const problemIn = (parsed: object | string): string | false => typeof parsed === 'string' && parsed

function commandProblems({command, entrypoint}: ServiceSpec): string[] {
  return Object.entries({command, entrypoint}).flatMap(([field, words]) => {
    const problem = words === undefined ? undefined : commandProblem(words)
    return problem === undefined ? [] : [`${field}: ${problem}`]
  })
}

function mountProblems({mounts, volume}: ServiceSpec): (string | false)[] {
  const parsed = mounts.map(parseMount)
  const targets = parsed.flatMap((mount) => (typeof mount === 'string' ? [] : [mount.target]))
  const all = volume === undefined ? targets : [...targets, volume.path]
  const twice = all.find((target, at) => all.indexOf(target) !== at)
  return [
    ...parsed.map(problemIn),
    volume !== undefined && !isAbsolute(volume.path) && `volume.path '${volume.path}' must be absolute, in a container`,
    twice !== undefined && `two mounts want '${twice}'`,
  ]
}

function resourceProblems({resources}: ServiceSpec): (string | false)[] {
  const {memory, cpu, gpu} = resources ?? {}
  return [
    memory !== undefined &&
      memory > 0 &&
      memory < LEAST_MEMORY &&
      `resources.memory ${formatBytes(memory)} is too little: containers need at least 6 MiB`,
    cpu !== undefined && cpu < 0.01 && `resources.cpu ${cpu} is too little: containers need at least 0.01`,
    gpu?.vendor !== undefined &&
      gpuVendor(gpu.vendor) === undefined &&
      `resources.gpu.vendor '${gpu.vendor}' is neither nvidia nor amd`,
  ]
}

/** Undefined for one that Docker has no way for. */
export function gpuVendor(vendor = 'nvidia'): 'nvidia' | 'amd' | undefined {
  const name = vendor.toLowerCase()
  return name === 'nvidia' || name === 'amd' ? name : undefined
}

/** What is accepted but not enforced. */
export function specWarnings({resources, volume}: ServiceSpec): string[] {
  const {gpu} = resources ?? {}
  const isJudged = gpu?.vram_min !== undefined || gpu?.model !== undefined
  const warnings = [
    isJudged && 'resources.gpu.vram_min and model are not checked: Docker gives any device',
    gpu?.vendor !== undefined &&
      gpuVendor(gpu.vendor) === 'amd' &&
      'resources.gpu.count is not enforced: a container sees every AMD device',
    volume?.size !== undefined &&
      "volume.size is only enforced where the file system of Docker's volumes has project quotas",
  ]
  return warnings.filter((warning) => typeof warning === 'string')
}
