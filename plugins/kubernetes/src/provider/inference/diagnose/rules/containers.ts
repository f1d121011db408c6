import {crashed} from '../crashed.ts'
import type {Facts} from '../facts.ts'
import {
  containersIn,
  eventTexts,
  lastEnd,
  linesOf,
  placeOf,
  type SeenContainer,
  some,
  together,
  waitingFor,
  waitingText,
} from '../look.ts'
import type {Rule} from '../rule.ts'
import {SAYING_RULES} from './sayings.ts'

const STARTING = [
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'StartError',
  'PostStartHookError',
]

const howItEnded = (container: SeenContainer): string => {
  const end = lastEnd(container)
  const code =
    end?.signal === undefined || end.signal === 0 ? `exit code ${end?.exitCode ?? '?'}` : `signal ${end.signal}`
  const {restartCount = 0} = container.status
  return `${placeOf(container)}: ${code}, ${restartCount} restart${restartCount === 1 ? '' : 's'}`
}

const LAST = 10

const logCommand = ({name}: Facts): string => `omni logs service ${name} --tail 100`

const wasKilledForMemory = (container: SeenContainer): boolean => lastEnd(container)?.reason === 'OOMKilled'

/** Whether a rule that says more has found something. */
const isExplained = (facts: Facts): boolean => SPECIFIC.some(({find}) => find(facts).length > 0)

const SPECIFIC: readonly Rule[] = [
  {
    id: 'config-missing',
    looksAt: 'Secrets and ConfigMaps that containers need',
    severity: 'cause',
    find: (facts) =>
      together(waitingFor(facts, ['CreateContainerConfigError']), (those) => ({
        message: `a container cannot be made: ${those[0].status.state?.waiting?.message ?? 'its configuration is wrong'}`,
        evidence: some(
          those.map((one) => `${placeOf(one)}: ${waitingText(one)}`),
          3,
        ),
        fix: `omni get secrets,configmaps --namespace ${facts.namespace}`,
      })),
  },
  {
    id: 'cannot-start',
    looksAt: 'programs and mounts that containers cannot start with',
    severity: 'cause',
    find: (facts) =>
      together(waitingFor(facts, STARTING.slice(1)), (those) => ({
        message: `a container cannot be started: ${waitingText(those[0]).replace(/^\w+: /, '')}`,
        evidence: some(
          those.map((one) => `${placeOf(one)}: ${waitingText(one)}`),
          3,
        ),
        fix: `omni get service ${facts.name} -o yaml`,
      })),
  },
  {
    id: 'mount-failed',
    looksAt: 'volumes that cannot be mounted',
    severity: 'cause',
    find: (facts) =>
      waitingFor(facts, ['ContainerCreating', 'PodInitializing']).length === 0
        ? []
        : together(eventTexts(facts, /^(FailedMount|FailedAttachVolume|FailedMapVolume)$/), (texts) => ({
            message: `a volume cannot be mounted: ${texts[0].replace(/^\S+: /, '')}`,
            evidence: some(texts, 3),
            fix: `omni events service ${facts.name}`,
          })),
  },
  {
    id: 'sandbox-failed',
    looksAt: 'the network of pods on their node',
    severity: 'cause',
    find: (facts) =>
      waitingFor(facts, ['ContainerCreating', 'PodInitializing']).length === 0
        ? []
        : together(eventTexts(facts, /^FailedCreatePodSandBox$/), (texts) => ({
            message: 'the node cannot make the pod: its network or container runtime fails',
            evidence: some(texts, 2),
            fix: 'omni cluster health',
          })),
  },
  {
    id: 'out-of-memory',
    looksAt: 'containers that were killed for their memory',
    severity: 'cause',
    find: (facts) =>
      together(crashed(facts).filter(wasKilledForMemory), (those) => {
        const [first] = those
        const limit = first.pod.spec?.containers?.find(({name}) => name === first.name)?.resources?.limits?.memory
        return {
          message: `a container was killed because it used more memory than its limit${limit === undefined ? '' : ` of ${limit}`}`,
          evidence: some([...those.map(howItEnded), ...linesOf(facts, first).slice(-LAST)], LAST),
          fix: `omni get service ${facts.name} -o yaml, and raise its memory limit`,
        }
      }),
  },
  ...SAYING_RULES,
  {
    id: 'killed-by-liveness',
    looksAt: 'liveness probes that end the program',
    severity: 'cause',
    find: (facts) =>
      containersIn(facts).every(({status}) => (status.restartCount ?? 0) === 0 || status.ready === true)
        ? []
        : together(
            eventTexts(facts, /^Unhealthy$|^Killing$/, /liveness probe|failed startup probe|startup probe failed/i),
            (texts) => ({
              message: 'the kubelet ends the program because its liveness or startup probe fails',
              evidence: some(texts, 3),
              fix: `omni get service ${facts.name} -o yaml, and give the program more time (startupProbe.failureThreshold)`,
            }),
          ),
  },
]

/** Containers that do not start, or end. */
export const CONTAINER_RULES: readonly Rule[] = [
  {
    id: 'evicted',
    looksAt: 'pods that a node has thrown out',
    severity: 'warning',
    find: ({pods, name}) =>
      together(
        pods.filter(({status}) => status?.reason === 'Evicted' || status?.reason === 'Preempting'),
        (those) => ({
          message: `${those.length === 1 ? 'a pod was' : `${those.length} pods were`} evicted: ${those[0].status?.message ?? ''}`,
          evidence: some(
            those.map(({metadata, status}) => `${metadata.name}: ${status?.message ?? ''}`),
            3,
          ),
          fix: `omni events service ${name}`,
        }),
      ),
  },
  ...SPECIFIC,
  {
    id: 'init-failed',
    looksAt: 'init containers that fail',
    severity: 'cause',
    find: (facts) =>
      isExplained(facts)
        ? []
        : together(
            crashed(facts).filter(({isInit}) => isInit),
            (those) => ({
              message: `the init container '${those[0].name}' fails with exit code ${lastEnd(those[0])?.exitCode ?? '?'}`,
              evidence: [...those.map(howItEnded), ...linesOf(facts, those[0]).slice(-LAST)],
              fix: logCommand(facts),
            }),
          ),
  },
  {
    id: 'ends-by-itself',
    looksAt: 'programs that end without an error',
    severity: 'cause',
    find: (facts) =>
      together(
        crashed(facts).filter((one) => !one.isInit && lastEnd(one)?.exitCode === 0),
        (those) => ({
          message: 'the program ends by itself with exit code 0, and a server should not',
          evidence: some([...those.map(howItEnded), ...linesOf(facts, those[0]).slice(-LAST)], LAST),
          fix: logCommand(facts),
        }),
      ),
  },
  {
    id: 'crash-loop',
    looksAt: 'programs that end with an error',
    severity: 'cause',
    find: (facts) =>
      isExplained(facts)
        ? []
        : together(
            crashed(facts).filter((one) => !one.isInit && lastEnd(one)?.exitCode !== 0),
            (those) => ({
              message: `the program in '${those[0].name}' ends with exit code ${lastEnd(those[0])?.exitCode ?? '?'}, again and again: ${linesOf(facts, those[0]).at(-1)?.trim() ?? 'it has printed nothing'}`,
              evidence: [...some(those.map(howItEnded), 3), ...linesOf(facts, those[0]).slice(-LAST)],
              fix: logCommand(facts),
            }),
          ),
  },
]
