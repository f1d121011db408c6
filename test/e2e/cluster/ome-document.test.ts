/**
 * Every command line of the OME document, on a real cluster with the stand-in for OME, through the built program. `prod-llama`
 * and the models have other names where a cluster is shared. What is not here:
 *
 * | section | lines | why |
 * | --- | --- | --- |
 * | 5 | `optimize service` | later step: needs recorded metrics |
 * | 6 | `metrics service …`, `analyze service` | later step |
 * | 7 | `benchmark service`, `load-test service` | later step |
 * | 8 | `cost service`, `cost budget …` | later step |
 * | 11 | `backup …`, `restore …` | later step |
 * | 12 | `gitops …` | later step |
 * | 13 | `template …`, `create service --template` | later step |
 * | 15 | `cleanup unused-models`, `cleanup failed-services` | later step |
 * | advanced | `interactive`, `top`, `ai` | later step |
 * | advanced | `plugin install …` | test/e2e/plugins.test.ts |
 * | advanced | `completion bash/zsh`, `alias …` | test/e2e/completion.test.ts, test/e2e/alias.test.ts |
 * | console | `console service`, `url service`, `import web-config` | later step; the console has no such page and no such export |
 *
 * And what is here, but is refused with its reason, as OME cannot do it: `import oci oci://registry/model:tag`, `import s3`,
 * `deploy --canary --traffic-split`, `autoscale --metric requests-per-second` without KEDA.
 */
import {spawn} from 'node:child_process'
import {poll} from '@omni-cli/sdk'
import type {KubeObject, OmeSimulator} from '@omni-cli/testkit'
import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest'
import {OMNI_BIN, type OmniResult, omniEnv} from '../harness.ts'
import {type ClusterHome, createClusterHome, kubeconfig} from './harness.ts'
import {type Hub, startHub} from './hub.ts'
import {installOme, startSimulator} from './simulator.ts'

vi.setConfig({testTimeout: 120_000, hookTimeout: 120_000})

/** The text that a command prints, when it ended well. */
function fine({code, stdout, stderr}: OmniResult): string {
  expect(`${code} ${stderr}`).toMatch(/^0 /)
  return stdout
}

function useLab() {
  let lab: ClusterHome
  let ome: OmeSimulator
  let hub: Hub
  beforeAll(async () => {
    lab = await createClusterHome({prefix: 'doc'})
    await installOme(lab)
    ome = await startSimulator(lab)
    hub = await startHub([`meta/Llama-3-1b-${lab.id}`, `meta/Llama-3-2b-${lab.id}`, `acme/Other-${lab.id}`])
    for (const file of ['models', 'runtimes']) {
      await lab.write(`${file}.yaml`, await lab.fixture(`${file}.yaml`))
      fine(await lab.cli('apply', '-f', `${file}.yaml`, '--yes'))
    }
  })
  afterAll(async () => {
    await lab?.remove()
    await ome?.[Symbol.asyncDispose]()
    await hub?.[Symbol.asyncDispose]()
  })
  const cli = (...args: string[]) => lab.run(args, {env: {HF_ENDPOINT: hub.url}})
  return {
    get lab() {
      return lab
    },
    /** `tiny` of the fixtures, as it is called here. */
    named: (name: string) => `${name}-${lab.id}`,
    cli,
    ok: async (...args: string[]) => fine(await cli(...args)),
    /** Pods of what was before are gone: the kubelet tells no logs of those that it is just removing. */
    async untilSettled() {
      const pods = `/api/v1/namespaces/${lab.namespace}/pods`
      await poll({everyMs: 200, timeoutMs: 60_000}, async () => {
        const items: KubeObject[] = (await lab.kube('GET', pods))?.items ?? []
        return items.every(({metadata}) => metadata.deletionTimestamp === undefined)
      })
    },
    /** Runs what does not end by itself, until it has said this. */
    until: (said: RegExp, ...args: string[]) => follow(lab, args, said),
  }
}

type Lab = ReturnType<typeof useLab>

function follow({home}: ClusterHome, args: readonly string[], said: RegExp): Promise<string> {
  const child = spawn(process.execPath, [OMNI_BIN, ...args], {cwd: home, env: omniEnv(home, {KUBECONFIG: kubeconfig})})
  return new Promise((resolve, reject) => {
    let output = ''
    const timer = setTimeout(() => child.kill('SIGKILL'), 30_000)
    const read = (chunk: Buffer) => {
      output += chunk
      if (said.test(output)) child.kill('SIGINT')
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('error', reject)
    child.on('close', () => {
      clearTimeout(timer)
      if (said.test(output)) resolve(output)
      else reject(new Error(`omni ${args.join(' ')} said only: ${output}`))
    })
  })
}

function discovery(at: Lab): void {
  test('1: cluster connect --kubeconfig, list, use', async () => {
    const where = ['--kubeconfig', kubeconfig ?? '', '--context', 'omni-test']
    await at.ok('cluster', 'connect', ...where, '--name', 'again', '--namespace', at.lab.namespace)
    await at.ok('cluster', 'use', 'again')
    expect(await at.ok('cluster', 'list')).toMatch(/\* +again +omni-test/)
    await at.ok('cluster', 'use', 'default')
  })

  test('1: get models, runtimes, services, accelerators; --all-namespaces, -n', async () => {
    expect(await at.ok('get', 'models')).toContain(at.named('tiny-fp8'))
    expect(await at.ok('get', 'runtimes')).toMatch(new RegExp(`${at.named('vllm-tiny')} .*vllm`))
    await at.ok('get', 'services')
    expect(await at.ok('get', 'accelerators')).toContain('nvidia.com/gpu')
    await at.ok('get', 'services', '--all-namespaces')
    expect(await at.ok('get', 'models', '-n', at.lab.namespace)).toContain(at.named('tiny'))
  })

  test('2: search hf', async () => {
    expect(await at.ok('search', 'hf', 'llama')).toContain(`meta/Llama-3-1b-${at.lab.id}`)
    const found = await at.ok('search', 'hf', '--vendor', 'meta', '--min-downloads', '1000')
    expect(found).toContain('meta/Llama-3-2b')
    expect(found).not.toContain('acme/Other')
  })

  test('2: import hf: one, a file, a vendor with a pattern', async () => {
    const {id} = at.lab
    const one = await at.ok('import', 'hf', `acme/Other-${id}`, '--yes')
    expect(one).toContain(`other-${id}`)
    const [model] = await at.lab.json('get', 'model', `other-${id}`)
    expect(model).toMatchObject({architecture: 'LlamaForCausalLM', size: '1M', maxTokens: 4096})
    await at.lab.write('models.txt', `meta/Llama-3-1b-${id}\n`)
    await at.ok('import', 'hf', '--file', 'models.txt', '--yes')
    await at.ok('import', 'hf', '--vendor', 'meta', '--pattern', 'Llama-3*', '--yes')
    expect(await at.ok('get', 'models')).toContain(`llama-3-2b-${id}`)
  })

  test('2: import oci, s3, local: what OME can, and why not the rest', async () => {
    const oci = await at.cli('import', 'oci', 'oci://registry/model:tag')
    expect([oci.code, oci.stderr]).toEqual([2, expect.stringContaining('Oracle Object Storage')])
    const s3 = await at.cli('import', 's3', 's3://bucket/models/llama-70b')
    expect([s3.code, s3.stderr]).toEqual([6, expect.stringContaining('no downloader')])
    await at.ok('import', 'local', '/raid/models/custom-model', '--name', at.named('local'), '--yes')
    expect((await at.lab.json('get', 'model', at.named('local')))[0].source).toBe('local:///raid/models/custom-model')
  })

  test('3: runtime suggest, create runtime --from-template and --from', async () => {
    expect(await at.ok('runtime', 'suggest', at.named('tiny'))).toContain(`recommended    ${at.named('vllm-tiny')}`)
    const arch = ['--model-arch', 'LlamaForCausalLM', '--model-size', '70B', '--gpus', '4']
    await at.ok('create', 'runtime', '--from-template', 'vllm', ...arch, '--name', at.named('my-llama'))
    const sets = ['--set', 'gpus=8', '--set', 'tensorParallelism=8']
    await at.ok('create', 'runtime', '--from', at.named('vllm-tiny'), '--name', at.named('custom'), ...sets)
    expect((await at.lab.json('get', 'runtime', at.named('custom')))[0]).toMatchObject({gpus: 8, tensorParallel: 8})
  })
}

function deployments(at: Lab): void {
  const service = async () => (await at.lab.json('get', 'service', 'prod-llama'))[0]

  test('4: deploy MODEL --name: the runtime is chosen, and it is seen ready', async () => {
    await at.ok('deploy', at.named('tiny'), '--name', 'prod-llama', '--yes')
    expect(await service()).toMatchObject({
      status: 'running',
      runningReplicas: 1,
      serving: {model: at.named('tiny'), runtime: at.named('vllm-tiny'), runtimeBy: 'selected', gpus: 1},
    })
  })

  test('4: deploy with --runtime, --replicas, --autoscale, bounds, --accelerator', async () => {
    const wishes = ['--runtime', at.named('vllm-tiny'), '--replicas', '1', '--autoscale']
    const bounds = ['--min-replicas', '1', '--max-replicas', '2']
    const asked = ['deploy', at.named('tiny'), '--name', 'tuned', ...wishes, ...bounds, '--yes']
    const {code, stderr} = await at.cli(...asked)
    expect(`${code} ${stderr}`).toMatch(/^0 /)
    const [tuned] = await at.lab.json('get', 'service', 'tuned')
    expect(tuned.serving).toMatchObject({runtime: at.named('vllm-tiny'), runtimeBy: 'named'})
    const engine = tuned.serving.components.find(({name}: {name: string}) => name === 'engine')
    expect(engine).toMatchObject({minReplicas: 1, maxReplicas: 2})
    const lacking = await at.cli(...asked.slice(0, 4), '--accelerator', 'nvidia-h100', '--yes')
    expect(lacking.code, lacking.stderr).not.toBe(0)
    await at.ok('delete', 'service', 'tuned', '--yes')
  })

  test('4: deploy --canary --traffic-split is refused with the reason', async () => {
    const split = ['--canary', '--traffic-split', 'prev:90,canary:10', '--yes']
    const {code, stderr} = await at.cli('deploy', at.named('tiny-fp8'), '--name', 'prod-llama', ...split)
    expect(code, stderr).toBe(6)
    expect((await service()).serving.model).toBe(at.named('tiny'))
  })

  test('4: update service --model --rollout progressive', async () => {
    await at.ok('update', 'service', 'prod-llama', '--model', at.named('tiny-fp8'), '--rollout', 'progressive', '--yes')
    expect(await service()).toMatchObject({status: 'running', serving: {model: at.named('tiny-fp8')}})
  })

  test('5: scale service --replicas, and --min --max', async () => {
    await at.ok('scale', 'service', 'prod-llama', '--replicas', '2')
    expect((await service()).runningReplicas).toBe(2)
    await at.ok('scale', 'service', 'prod-llama', '--min', '2', '--max', '3')
    const path = `/apis/autoscaling/v1/namespaces/${at.lab.namespace}/horizontalpodautoscalers/prod-llama-engine`
    await vi.waitFor(async () => {
      expect((await at.lab.kube('GET', path))?.spec).toMatchObject({minReplicas: 2, maxReplicas: 3})
    })
  })

  test('5: autoscale service --metric --target', async () => {
    await at.ok('autoscale', 'service', 'prod-llama', '--metric', 'cpu', '--target', '70', '--yes')
    const asked = ['--metric', 'requests-per-second', '--target', '100', '--yes']
    const {code, stderr} = await at.cli('autoscale', 'service', 'prod-llama', ...asked)
    expect([code, stderr]).toEqual([6, expect.stringContaining('KEDA')])
  })
}

function looking(at: Lab): void {
  test('6: status service, and --watch', async () => {
    const shown = await at.ok('status', 'service', 'prod-llama')
    for (const word of ['prod-llama', `${at.named('tiny-fp8')} (1B, acme)`, at.named('vllm-tiny'), '2/2', 'http://']) {
      expect(shown).toContain(word)
    }
    await at.until(/Status: +running/, 'status', 'service', 'prod-llama', '--watch')
  })

  test('6: logs service, --follow, --replica, --level --since', async () => {
    await at.untilSettled()
    expect(await at.ok('logs', 'service', 'prod-llama')).toMatch(/prod-llama-\d INFO listening on 8080/)
    await at.until(/listening on 8080/, 'logs', 'service', 'prod-llama', '--follow')
    const one = await at.ok('logs', 'service', 'prod-llama', '--replica', '1')
    expect(new Set(one.match(/prod-llama-\d/g))).toEqual(new Set(['prod-llama-1']))
    expect(await at.ok('logs', 'service', 'prod-llama', '--level', 'error', '--since', '1h')).toBe('')
  })

  test('7: test runtime, health service, health --all-services', async () => {
    expect(await at.ok('test', 'runtime', at.named('vllm-tiny'))).toMatch(/schema[\s\S]*devices[\s\S]*server/)
    expect(await at.ok('health', 'service', 'prod-llama')).toContain('prod-llama')
    expect(await at.ok('health', '--all-services')).toContain('/v1/models answers 200')
  })

  test('9: debug service finds no cause in a service that is well', async () => {
    const {code, stdout} = await at.cli('debug', 'service', 'prod-llama')
    expect([code, stdout]).toEqual([0, expect.stringContaining('/v1/models answers')])
  })

  test('9: exec service, --replica: a shell, or a program with its own exit status', async () => {
    const shell = await at.lab.run(['exec', 'service', 'prod-llama'], {
      tty: true,
      input: 'echo $COMPONENT-here\nexit 3\n',
    })
    expect([shell.code, shell.stdout]).toEqual([3, expect.stringMatching(/(engine|router)-here/)])
    const program = ['--', 'sh', '-c', 'echo $COMPONENT']
    expect(await at.ok('exec', 'service', 'prod-llama', '--replica', '1', ...program)).toMatch(/engine|router/)
  })

  test('9: port-forward service, and a token comes out of it', async () => {
    const port = 20_000 + (Number.parseInt(at.lab.id, 16) % 10_000)
    const asked = ['port-forward', 'service', 'prod-llama', `${port}:8080`]
    const child = spawn(process.execPath, [OMNI_BIN, ...asked], {env: omniEnv(at.lab.home, {KUBECONFIG: kubeconfig})})
    const ended = new Promise((resolve) => child.on('close', resolve))
    try {
      const url = `http://127.0.0.1:${port}/v1/chat/completions`
      const body = JSON.stringify({stream: true, messages: [{role: 'user', content: 'tell me'}]})
      await vi.waitFor(
        async () => expect(await (await fetch(url, {method: 'POST', body})).text()).toContain('[DONE]'),
        20_000,
      )
    } finally {
      child.kill('SIGINT')
      await ended
    }
  })

  test('9: events service --follow', async () => {
    await at.until(/inference-service-ready/, 'events', 'service', 'prod-llama', '--follow')
  })

  test('advanced: get services --watch', async () => {
    await at.until(/prod-llama/, 'get', 'services', '--watch')
  })
}

function configuration(at: Lab): void {
  test('10: get service -o yaml, -o json, --export', async () => {
    expect(await at.ok('get', 'service', 'prod-llama', '-o', 'yaml')).toContain('name: prod-llama')
    expect(JSON.parse(await at.ok('get', 'service', 'prod-llama', '-o', 'json'))[0].name).toBe('prod-llama')
    const exported = await at.ok('get', 'service', 'prod-llama', '--export')
    expect(exported).toContain('kind: InferenceService')
    expect(exported).not.toMatch(/^status:|managedFields|resourceVersion/m)
    await at.lab.write('prod-llama.yaml', exported)
  })

  test('10: validate -f, --warnings; diff -f; apply -f a file, a folder, -k', async () => {
    await at.ok('validate', '-f', 'prod-llama.yaml')
    await at.ok('validate', '-f', 'prod-llama.yaml', '--warnings')
    // Who applies what somebody else has made owns its fields from then on: that is a change, too.
    await at.ok('apply', '-f', 'prod-llama.yaml', '--yes')
    expect((await at.cli('diff', '-f', 'prod-llama.yaml', '--exit-code')).code).toBe(0)
    const changed = (await at.ok('get', 'service', 'prod-llama', '--export')).replace(
      'maxReplicas: 3',
      'maxReplicas: 4',
    )
    await at.lab.write('prod-llama-updated.yaml', changed)
    const diff = await at.cli('diff', '-f', 'prod-llama-updated.yaml', '--exit-code')
    expect([diff.code, diff.stdout]).toEqual([10, expect.stringMatching(/maxReplicas.*3.*4/)])
    const map = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {a: b}\n`
    await at.lab.write('configs/one.yaml', map('one'))
    await at.lab.write('configs/two.yaml', map('two'))
    await at.ok('apply', '-f', './configs/', '--yes')
    const production = 'kustomize/overlays/production'
    await at.lab.write('kustomize/base/kustomization.yaml', 'resources: [three.yaml]\n')
    await at.lab.write('kustomize/base/three.yaml', map('three'))
    await at.lab.write(`${production}/kustomization.yaml`, 'namePrefix: prod-\nresources: [../../base]\n')
    await at.ok('apply', '-k', `./${production}`, '--yes')
    const names = (await at.ok('get', 'configmaps', '-o', 'name')).split('\n').map((line) => line.split('/').at(-1))
    expect(names).toEqual(expect.arrayContaining(['one', 'two', 'prod-three']))
  })
}

function manyAtOnce(at: Lab): void {
  const labelled = (name: string, labels: object) => ({
    apiVersion: 'ome.io/v1beta1',
    kind: 'InferenceService',
    metadata: {name, labels},
    spec: {model: {name: at.named('tiny')}, engine: {minReplicas: 1, maxReplicas: 1}},
  })

  test('14: deploy --batch, update services --label --set, restart services --all --namespace, delete services --label', async () => {
    await at.lab.write('batch.yaml', `- {model: ${at.named('tiny')}, name: batch-a}\n`)
    await at.ok('deploy', '--batch', 'batch.yaml', '--yes')
    await at.lab.write('staging.json', JSON.stringify(labelled('staging', {env: 'staging', team: 'ml-research'})))
    await at.ok('apply', '-f', 'staging.json', '--yes')
    await at.ok('update', 'services', '--label', 'team=ml-research', '--set', 'replicas=0', '--yes')
    const [staging] = await at.lab.json('get', 'service', 'staging')
    expect([staging.desiredReplicas, staging.status]).toEqual([0, 'stopped'])
    await at.ok('restart', 'services', '--all', '--namespace', at.lab.namespace, '--yes')
    await at.ok('delete', 'services', '--label', 'env=staging', '--yes')
    const names = (await at.lab.json('get', 'services')).map(({name}: {name: string}) => name)
    expect(names).toEqual(['batch-a', 'prod-llama'])
  })

  test('15: cluster health, capacity, resources; accelerators list, available, usage', async () => {
    expect(await at.ok('cluster', 'health')).toMatch(/ok +ome controller/)
    expect(await at.ok('cluster', 'capacity')).toMatch(/node1 +ready/)
    expect(await at.ok('cluster', 'resources')).toContain('isvc/prod-llama')
    for (const verb of ['list', 'available', 'usage']) {
      expect(await at.ok('accelerators', verb)).toContain('nvidia.com/gpu')
    }
  })

  test('and all of it can be deleted again', async () => {
    await at.ok('delete', 'service', 'prod-llama', 'batch-a', '--yes')
    await at.ok('delete', 'model', at.named('tiny'), '--yes')
    expect(await at.lab.json('get', 'services')).toEqual([])
    expect((await at.cli('get', 'model', at.named('tiny'))).code).toBe(4)
  })
}

describe.skipIf(kubeconfig === undefined)('the commands of the OME document', () => {
  const at = useLab()
  discovery(at)
  deployments(at)
  looking(at)
  configuration(at)
  manyAtOnce(at)
})
