import {describe, expect, it} from 'vitest'
import {rulesFind} from './rules-find.ts'
import {type Case, crashes, event, found, pod, runs, says, waits} from './world.ts'

const crashing = (...lines: string[]) => ({pods: [pod({status: crashes(1)})], logs: says(...lines)})

const CASES: readonly Case[] = [
  {
    rule: 'config-missing',
    when: 'a Secret is not there',
    facts: {pods: [pod({status: waits('CreateContainerConfigError', 'secret "token" not found')})]},
    message: 'secret "token" not found',
  },
  {
    rule: 'cannot-start',
    when: 'the program is not in the image',
    facts: {pods: [pod({status: waits('RunContainerError', 'exec: "serve": executable file not found')})]},
    message: 'executable file not found',
  },
  {
    rule: 'mount-failed',
    when: 'a volume cannot be mounted',
    facts: {
      pods: [pod({status: waits('ContainerCreating')})],
      events: [event('FailedMount', 'hostPath type check failed: /mnt/models is not a directory')],
    },
    message: 'is not a directory',
  },
  {
    rule: 'sandbox-failed',
    when: 'the network of the node fails',
    facts: {
      pods: [pod({status: waits('ContainerCreating')})],
      events: [event('FailedCreatePodSandBox', 'cni plugin not initialized')],
    },
    message: 'the node cannot make the pod',
  },
  {
    rule: 'out-of-memory',
    when: 'the kernel has killed it',
    facts: {pods: [pod({status: crashes(137, 'OOMKilled'), requests: {memory: '1Gi'}})]},
    message: 'more memory than its limit of 1Gi',
  },
  {
    rule: 'gpu-out-of-memory',
    when: 'the model does not fit',
    facts: crashing('torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB'),
    message: 'does not fit into the memory of the devices',
  },
  {
    rule: 'gpu-driver',
    when: 'the driver is too old',
    facts: crashing('RuntimeError: The NVIDIA driver on your system is too old'),
    message: 'no device it can use',
  },
  {
    rule: 'model-files-missing',
    when: 'files are not there',
    facts: crashing('OSError: /mnt/x does not appear to have a file named config.json'),
    message: 'the files of the model',
  },
  {
    rule: 'hub-refused',
    when: 'the hub refuses the server',
    facts: crashing('huggingface_hub.errors.GatedRepoError: 401 Client Error'),
    message: 'asks the hub for the model and is refused',
  },
  {
    rule: 'architecture-unknown',
    when: 'the server is too old for the model',
    facts: crashing("ValueError: Model architectures ['NewForCausalLM'] are not supported for now."),
    message: 'does not know the architecture',
  },
  {
    rule: 'context-too-long',
    when: 'the context does not fit',
    facts: crashing("ValueError: The model's max seq len (131072) is larger than the maximum number of tokens"),
    message: 'the context length',
  },
  {
    rule: 'port-in-use',
    when: 'the port is taken',
    facts: crashing('OSError: [Errno 98] Address already in use'),
    message: 'the port of the server is in use',
  },
  {
    rule: 'software-missing',
    when: 'a module is missing',
    facts: crashing("ModuleNotFoundError: No module named 'vllm'"),
    message: 'lacks software',
  },
  {
    rule: 'cannot-connect',
    when: 'something else is not reached',
    facts: crashing('Error: connect ECONNREFUSED 10.0.0.9:5432'),
    message: 'cannot reach something',
  },
  {
    rule: 'runtime-arguments',
    when: 'the server does not know a flag',
    facts: crashing('server: error: unrecognized arguments: --tpsize 4'),
    message: 'unrecognized arguments: --tpsize 4',
  },
  {
    rule: 'killed-by-liveness',
    when: 'the liveness probe fails',
    facts: {
      pods: [pod({status: runs({restartCount: 3})})],
      events: [event('Unhealthy', 'Liveness probe failed: HTTP probe failed with statuscode: 500')],
    },
    message: 'its liveness or startup probe fails',
  },
  {
    rule: 'init-failed',
    when: 'an init container fails',
    facts: {pods: [pod({init: crashes(3)})]},
    message: "the init container 'prepare' fails with exit code 3",
  },
  {
    rule: 'ends-by-itself',
    when: 'a server ends with 0',
    facts: {pods: [pod({status: crashes(0, 'Completed')})]},
    message: 'ends by itself',
  },
  {
    rule: 'crash-loop',
    when: 'nothing tells more',
    facts: crashing('first', 'boom'),
    message: "'main' ends with exit code 1, again and again: boom",
  },
  {
    rule: 'evicted',
    when: 'the node has thrown it out',
    facts: {pods: [{...pod(), status: {phase: 'Failed', reason: 'Evicted', message: 'low on ephemeral-storage'}}]},
    message: 'low on ephemeral-storage',
    severity: 'warning',
  },
]

describe('containers', () => {
  rulesFind(CASES)

  it('what a program that runs says is no cause', () => {
    const rules = found({pods: [pod({status: runs(), ready: true})], logs: says('retrying: ECONNREFUSED')})
    expect(rules.map(({severity}) => severity)).not.toContain('cause')
  })

  it('a crash that is explained is not told twice', () => {
    const rules = found(crashing('CUDA out of memory')).map(({rule}) => rule)
    expect(rules).toContain('gpu-out-of-memory')
    expect(rules).not.toContain('crash-loop')
  })
})
