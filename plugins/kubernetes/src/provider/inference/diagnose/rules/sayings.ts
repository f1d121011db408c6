import {crashed} from '../crashed.ts'
import type {Facts} from '../facts.ts'
import {linesWith, modelNameOf, placeOf, some, together} from '../look.ts'
import type {Rule} from '../rule.ts'

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

/** What logs say of why a program has ended. */
export const SAYING_RULES: readonly Rule[] = SAYINGS.map(sayingRule)
