import {type ExecFacet, type ExecOptions, OmniError, throwIfAborted} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {PodGroup} from '../flavour.ts'
import type {NumberedPod} from './order.ts'
import {
  containerOf,
  hasLabels,
  isReady,
  isRunning,
  listReplicas,
  type Pod,
  type PodsOf,
  requireGroup,
  requireReplica,
  selectorLabels,
} from './pod.ts'

/** Programs in pods of services. */
export function createExec(client: Pick<KubeClient, 'list' | 'exec'>, podsOf: PodsOf): ExecFacet {
  return {
    async run(name, argv, options = {}) {
      const {signal, replica, stdin, onStdout, onStderr, terminal, onProgress} = options
      throwIfAborted(signal)
      const inside = insideArgv(name, argv, options)
      const group = await requireGroup(podsOf, name, {signal})
      const {pod} = choosePod(await listReplicas(client, group, {signal}), group, replica)
      const place = {namespace: group.namespace, name: pod.metadata.name}
      const container = containerOf(pod, group)
      return client.exec(place, inside, {container, stdin, onStdout, onStderr, terminal, signal, onProgress})
    },
  }
}

/** The named replica, else the first that answers requests, is ready and has the container. CONFLICT when it does not run. */
export function choosePod(
  numbered: readonly NumberedPod<Pod>[],
  group: PodGroup,
  wanted: string | undefined,
): NumberedPod<Pod> {
  const {service, container, entrySelector} = group
  const entry = entrySelector === undefined ? {} : selectorLabels(entrySelector)
  const rank = ({pod}: NumberedPod<Pod>) =>
    Number(container === undefined || containerOf(pod, group) === container) * 4 +
    Number(isReady(pod)) * 2 +
    Number(hasLabels(pod, entry))
  const running = numbered.filter(({pod}) => isRunning(pod))
  const found =
    wanted === undefined ? running.toSorted((a, b) => rank(b) - rank(a))[0] : requireReplica(numbered, service, wanted)
  if (found !== undefined && isRunning(found.pod)) return found
  const what = found === undefined ? `no replica of '${service}' runs` : `'${found.replica}' does not run`
  throw new OmniError('CONFLICT', what, {hint: `omni debug service ${service}`})
}

/** Pods know neither users nor folders of an exec: `env` and a shell in it do that. UNSUPPORTED for a user. */
function insideArgv(name: string, argv: readonly string[], {user, cwd, env}: ExecOptions): readonly string[] {
  if (argv[0] === undefined || argv[0] === '') {
    throw new OmniError('USAGE', 'there is no program to run', {hint: `omni exec ${name} -- uname -a`})
  }
  if (user !== undefined) {
    throw new OmniError('UNSUPPORTED', 'a program in a pod runs as the user of its container', {
      hint: 'leave out the user',
    })
  }
  const variables = Object.entries(env ?? {}).map(([key, value]) => `${key}=${value}`)
  const program = variables.length === 0 ? argv : ['env', ...variables, ...argv]
  return cwd === undefined ? program : ['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', cwd, ...program]
}
