import {requireFacet} from '../contracts/facets.ts'
import type {Instance, InstanceProvider} from '../contracts/instance-provider.ts'
import {messageOf} from '../errors.ts'
import type {InstanceSpec} from '../specs/instance.ts'
import {type CloudInitAnswer, failingLines, judgeCloudInit, knowsNoFormat} from './ready-cloud-init.ts'
import {NotReady} from './ready-failure.ts'
import {isPassing} from './ready-look.ts'
import {httpProblem, probeUrl, tcpProblem} from './ready-probe.ts'

export type ReadySpec = Pick<InstanceSpec, 'wait' | 'cloud_init' | 'network'>

/** What is waited for, one after the other. */
export interface ReadyStage {
  /** Also the end of `waiting for …`. */
  readonly name: string
  /** Undefined when it is reached, else what is seen instead. NotReady when it cannot be reached any more. */
  check(instance: Instance, signal: AbortSignal): Promise<string | undefined> | string | undefined
  /** The check may take long by itself: the machine is watched meanwhile. */
  readonly isLong?: boolean | undefined
}

const OUTPUT_LOG = '/var/log/cloud-init-output.log'
/** Kept of the output of a program inside. */
const MAX_OUTPUT = 256 * 1024

/** The stages that a spec asks for, in their order. UNSUPPORTED when the provider cannot run what they need. */
export function readyStages(
  provider: InstanceProvider,
  name: string,
  {wait, cloud_init, network}: ReadySpec,
  onNote: (text: string) => void = () => undefined,
): readonly ReadyStage[] {
  const inside = (argv: readonly string[], signal: AbortSignal) => runInside(provider, name, argv, signal)
  const ports = wait?.tcp === undefined ? [] : [wait.tcp].flat()
  const needsAddress = ports.length > 0 || wait?.http !== undefined
  const hasAddress = needsAddress || (wait?.address ?? network?.type !== 'none')
  const stages: ReadyStage[] = []
  if (provider.exec !== undefined) stages.push(agentStage(inside))
  if (hasAddress) stages.push({name: 'an address', check: addressSeen})
  if (wait?.cloud_init ?? cloud_init !== undefined) {
    requireFacet(provider, 'exec')
    stages.push(cloudInitStage(inside, onNote))
  }
  if (wait?.ready === true) stages.push({name: 'its own word', check: ({isReady}) => said(isReady)})
  for (const port of ports) {
    const check = (machine: Instance, signal: AbortSignal) => tcpProblem(machine.addresses[0] ?? '', port, signal)
    stages.push({name: `port ${port}`, check})
  }
  const {http} = wait ?? {}
  if (http !== undefined) {
    // What is no address is told now, not when the machine is up.
    probeUrl(http, '127.0.0.1')
    stages.push({name: http, check: ({addresses}, signal) => httpProblem(probeUrl(http, addresses[0] ?? ''), signal)})
  }
  if (wait?.exec !== undefined) {
    requireFacet(provider, 'exec')
    stages.push(execStage(wait.exec, inside))
  }
  return stages
}

type Inside = (argv: readonly string[], signal: AbortSignal) => Promise<CloudInitAnswer>

const addressSeen = ({addresses}: Instance) => (addresses.length > 0 ? undefined : 'no address')

const said = (isReady: boolean | undefined) => (isReady === true ? undefined : 'it has not said that it is ready')

/** Any ended program shows that programs can be run. */
function agentStage(inside: Inside): ReadyStage {
  return {
    name: 'its agent',
    async check({agent}, signal) {
      if (agent !== undefined) return agent ? undefined : 'no program can be run inside'
      return passing(async () => {
        await inside(['true'], signal)
        return undefined
      })
    },
  }
}

function cloudInitStage(inside: Inside, onNote: (text: string) => void): ReadyStage {
  const ask = async (signal: AbortSignal) => {
    const answer = await inside(['cloud-init', 'status', '--wait', '--format', 'json'], signal)
    return knowsNoFormat(answer) ? inside(['cloud-init', 'status', '--wait'], signal) : answer
  }
  return {
    name: 'cloud-init',
    isLong: true,
    check: (_, signal) =>
      passing(async () => {
        const verdict = judgeCloudInit(await ask(signal))
        if (verdict.state === 'pending') return verdict.seen
        if (verdict.state === 'absent') {
          throw new NotReady('has user data, but there is no cloud-init in its image', {
            hint: 'take an image with cloud-init, or write `wait: {cloud_init: false}`',
          })
        }
        if (verdict.state === 'failed') {
          const first = verdict.errors[0]
          const lastLines = await cloudInitLines(inside, signal)
          throw new NotReady(`is not ready: cloud-init failed${first === undefined ? '' : `: ${first}`}`, {
            errors: verdict.errors,
            lastLines,
          })
        }
        if (verdict.warnings.length > 0) onNote(`cloud-init got over errors: ${verdict.warnings.join('; ')}`)
        return undefined
      }),
  }
}

/** What cloud-init wrote last, as far as it can be read. */
export async function cloudInitLines(inside: Inside, signal: AbortSignal): Promise<readonly string[]> {
  const answer = await inside(['tail', '-n', '400', OUTPUT_LOG], signal).catch(() => undefined)
  return failingLines(answer?.exitCode === 0 ? answer.stdout : '')
}

function execStage(program: string | readonly string[], inside: Inside): ReadyStage {
  const argv = typeof program === 'string' ? ['sh', '-c', program] : program
  return {
    name: `'${typeof program === 'string' ? program : program.join(' ')}'`,
    isLong: true,
    check: (_, signal) =>
      passing(async () => {
        const {exitCode, stdout, stderr} = await inside(argv, signal)
        if (exitCode === 0) return undefined
        const last = `${stdout}\n${stderr}`.trim().split('\n').at(-1) ?? ''
        return `it ended with ${exitCode}${last === '' ? '' : `: ${last}`}`
      }),
  }
}

/** A failure that passes is something seen. */
async function passing(check: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await check()
  } catch (error) {
    if (!isPassing(error)) throw error
    return messageOf(error)
  }
}

/** Runs a program in the machine and keeps the end of what it writes. */
export async function runInside(
  provider: InstanceProvider,
  name: string,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<CloudInitAnswer> {
  const out = keepEnd()
  const error = keepEnd()
  const {exitCode} = await requireFacet(provider, 'exec').run(name, argv, {
    signal,
    onStdout: out.add,
    onStderr: error.add,
  })
  return {exitCode, stdout: out.text(), stderr: error.text()}
}

function keepEnd(): {add(chunk: Buffer): void; text(): string} {
  let kept = Buffer.alloc(0)
  return {
    add(chunk) {
      kept = Buffer.concat([kept, chunk]).subarray(-MAX_OUTPUT)
    },
    text: () => kept.toString('utf8'),
  }
}
