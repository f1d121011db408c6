import type {Facts} from '../facts.ts'
import {
  containersIn,
  eventTexts,
  lastEnd,
  linesOf,
  linesWith,
  modelNameOf,
  placeOf,
  type SeenContainer,
  some,
  together,
  waitingFor,
  waitingText,
} from '../look.ts'
import type {Rule} from '../rule.ts'

const STARTING = [
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'StartError',
  'PostStartHookError',
]

/** Containers that have ended although they should run. */
const crashed = (facts: Facts): SeenContainer[] =>
  containersIn(facts).filter((container) => {
    const end = lastEnd(container)
    const {state, restartCount = 0} = container.status
    const isOver = state?.terminated !== undefined || state?.waiting?.reason === 'CrashLoopBackOff' || restartCount > 1
    if (end === undefined || !isOver || isReadyNow(container)) return false
    return !(container.isInit && end.exitCode === 0)
  })

const isReadyNow = ({status}: SeenContainer): boolean => status.ready === true

const howItEnded = (container: SeenContainer): string => {
  const end = lastEnd(container)
  const code =
    end?.signal === undefined || end.signal === 0 ? `exit code ${end?.exitCode ?? '?'}` : `signal ${end.signal}`
  const {restartCount = 0} = container.status
  return `${placeOf(container)}: ${code}, ${restartCount} restart${restartCount === 1 ? '' : 's'}`
}

const LAST = 10

const logCommand = ({name}: Facts): string => `omni logs service ${name} --tail 100`

interface Saying {
  readonly id: string
  readonly looksAt: string
  readonly pattern: RegExp
  readonly message: string
  readonly fix: (facts: Facts) => string
}

/** What programs say before they end. */
const SAYINGS: readonly Saying[] = [
  {
    id: 'gpu-out-of-memory',
    looksAt: 'logs: the memory of the devices',
    pattern:
      /CUDA out of memory|OutOfMemoryError|HIP out of memory|No available memory for the cache blocks|KV cache .*(?:larger|not enough|insufficient)|Not enough memory\. Please try/i,
    message: 'the model does not fit into the memory of the devices',
    fix: (facts) => {
      const model = modelNameOf(facts)
      return model === undefined ? `omni get service ${facts.name} -o yaml` : `omni fit ${model}`
    },
  },
  {
    id: 'gpu-driver',
    looksAt: 'logs: the driver of the devices',
    pattern:
      /driver version is insufficient|no CUDA-capable device|NVIDIA driver on your system is too old|Found no NVIDIA driver|Failed to initialize NVML|CUDA_ERROR_|nvidia-container-cli/i,
    message:
      'the program finds no device it can use: the driver of the node does not fit, or the pod asks for no device',
    fix: () => 'omni cluster capacity',
  },
  {
    id: 'model-files-missing',
    looksAt: 'logs: files of the model',
    pattern:
      /does not appear to have a file named|config\.json.*(?:No such file|not found)|No such file or directory: '[^']*(?:safetensors|config\.json|model)|safetensors_rust\.SafetensorError|Error while deserializing header/i,
    message: 'the files of the model are not where the server looks for them, or are not whole',
    fix: ({name}) => `omni describe service ${name}`,
  },
  {
    id: 'hub-refused',
    looksAt: 'logs: answers of the hub to the server',
    pattern:
      /GatedRepoError|gated repo|Access to model .* is restricted|401 Client Error|403 Client Error|RepositoryNotFoundError/i,
    message:
      'the server asks the hub for the model and is refused: its terms are not accepted, or the token is missing',
    fix: () => 'omni import hf OWNER/MODEL (which checks both)',
  },
  {
    id: 'architecture-unknown',
    looksAt: 'logs: architectures that the runtime does not know',
    pattern:
      /Model architectures? .* (?:are|is) not supported|does not recognize this architecture|Unsupported architecture|trust_remote_code=True/i,
    message: 'this version of the server does not know the architecture of the model',
    fix: ({name}) => `omni update service ${name} --runtime NAME`,
  },
  {
    id: 'context-too-long',
    looksAt: 'logs: context lengths that do not fit',
    pattern: /max_model_len|max seq len .* is larger than|maximum number of tokens that can be stored in KV cache/i,
    message: 'the context length is more than the model or the memory of the devices allows',
    fix: ({name}) => `omni get service ${name} -o yaml, and lower --max-model-len or --context-length`,
  },
  {
    id: 'port-in-use',
    looksAt: 'logs: the port of the server',
    pattern: /address already in use|EADDRINUSE/i,
    message: 'the port of the server is in use in its pod: another container, or the node with hostNetwork',
    fix: ({name}) => `omni get service ${name} -o yaml`,
  },
  {
    id: 'software-missing',
    looksAt: 'logs: modules and libraries',
    pattern: /ModuleNotFoundError|ImportError: |cannot open shared object file|Cannot find module/i,
    message: 'the image lacks software that the program needs',
    fix: ({name}) => `omni get service ${name} -o yaml`,
  },
  {
    id: 'cannot-connect',
    looksAt: 'logs: what the program cannot reach',
    pattern:
      /ECONNREFUSED|Connection refused|Name or service not known|Temporary failure in name resolution|getaddrinfo/i,
    message: 'the program cannot reach something that it needs',
    fix: ({name}) => `omni exec service ${name}`,
  },
]

/** Programs talk of such things while all is well, too: only those of containers that have ended count. */
const sayingRule = ({id, looksAt, pattern, message, fix}: Saying): Rule => ({
  ...{id, looksAt, severity: 'cause'},
  find(facts) {
    const ended = new Set(crashed(facts).map(placeOf))
    const logs = facts.logs.filter(({pod, container}) => ended.has(`${pod}/${container}`))
    return together(linesWith({...facts, logs}, pattern), (lines) => ({
      message,
      evidence: some(lines.slice(-3)),
      fix: fix(facts),
    }))
  },
})

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
  ...SAYINGS.map(sayingRule),
  {
    id: 'killed-by-liveness',
    looksAt: 'liveness probes that end the program',
    severity: 'cause',
    find: (facts) =>
      containersIn(facts).every(({status}) => (status.restartCount ?? 0) === 0)
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
