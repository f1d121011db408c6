import {randomBytes} from 'node:crypto'
import {readFile, writeFile} from 'node:fs/promises'
import {connect, createServer, type Server, type Socket} from 'node:net'
import {join} from 'node:path'
import {type ApiObject, isOmniError, mapLimit, type ObjectPlan, poll} from '@omni-cli/sdk'
import {createTempHome} from '@omni-cli/testkit'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type ObjectsLab, openObjects} from '../../objects/lab.ts'

const kubeconfig = process.env.OMNI_TEST_KUBECONFIG

const suffix = randomBytes(3).toString('hex')
const namespace = `objects-${suffix}`
const config = (name: string, data: Readonly<Record<string, string>> = {a: '1'}): ApiObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {name},
  data,
})

const deployment = (name: string): ApiObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {name, labels: {app: name}},
  spec: {
    replicas: 0,
    selector: {matchLabels: {app: name}},
    template: {
      metadata: {labels: {app: name}},
      spec: {
        containers: [
          {
            name: 'main',
            image: 'omni-test/busybox:1',
            ports: [{containerPort: 8080}],
            env: [{name: 'A', value: 'b'}],
            readinessProbe: {httpGet: {path: '/', port: 8080}},
            volumeMounts: [{name: 'c', mountPath: '/c'}],
          },
        ],
        volumes: [{name: 'c', configMap: {name: 'c'}}],
      },
    },
  },
})

const open = (cluster = 'omni-test', file = kubeconfig ?? '') => openObjects({kubeconfig: file, cluster, namespace})

const actions = (plans: readonly ObjectPlan[]) => plans.map(({action}) => action)

describe.skipIf(kubeconfig === undefined)('objects of a real cluster', () => {
  let lab: ObjectsLab

  beforeAll(async () => {
    lab = await open()
    await lab.api.apply({apiVersion: 'v1', kind: 'Namespace', metadata: {name: namespace}})
  })
  afterAll(async () => {
    const kind = await lab.api.findKind('namespaces')
    // Not waited for: it takes the cluster a while to let go of a thousand objects.
    if (kind !== undefined) await lab.client.remove({kind, name: namespace})
    await lab[Symbol.asyncDispose]()
  })

  changing(() => lab)
  describing(() => lab)
  failing(() => lab)
})

/** Plans and applies. */
function changing(lab: () => ObjectsLab): void {
  test('create, keep, update; a conflict names who has set the field', async () => {
    expect(actions(await lab().api.plan([config('web')]))).toEqual(['create'])
    await lab().api.apply(config('web'))
    expect(actions(await lab().api.plan([config('web')]))).toEqual(['keep'])

    const kind = await lab().api.findKind('configmaps')
    if (kind === undefined) throw new Error('no ConfigMaps')
    await lab().client.patch({kind, name: 'web'}, {data: {a: '7'}}, {type: 'merge'})
    const [plan] = await lab().api.plan([config('web', {a: '2', b: '3'})])
    expect(plan?.conflicts.map(({path}) => path)).toEqual([['data', 'a']])
    expect(plan?.changes.map(({path}) => path).sort()).toEqual(['data.a', 'data.b'])
    await expect(lab().api.apply(config('web', {a: '2'}))).rejects.toMatchObject({code: 'CONFLICT'})
    await lab().api.apply(config('web', {a: '2'}), {force: true})
    expect(actions(await lab().api.plan([config('web', {a: '2'})]))).toEqual(['keep'])
  })

  test('a kind and an object of it, one after the other; problems are found by the schema that is not served yet', async () => {
    const group = `g${suffix}.example.org`
    const schema = {type: 'object', properties: {spec: {type: 'object', properties: {size: {type: 'integer'}}}}}
    const definition: ApiObject = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: {name: `widgets.${group}`},
      spec: {
        group,
        scope: 'Namespaced',
        names: {kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList'},
        versions: [{name: 'v1', served: true, storage: true, schema: {openAPIV3Schema: schema}}],
      },
    }
    const widget = (spec: unknown): ApiObject => ({
      apiVersion: `${group}/v1`,
      kind: 'Widget',
      metadata: {name: 'w'},
      spec,
    })
    try {
      const problems = await lab().api.problems([definition, widget({sice: 1})])
      expect(problems.map(({message, hint}) => `${message}; ${hint}`)).toEqual([
        "unknown field 'sice'; did you mean 'size'?",
      ])
      expect((await lab().api.plan([definition, widget({size: 1})])).map(({needs}) => needs)).toEqual([[], [0]])
      await lab().api.apply(definition)
      await lab().api.apply(widget({size: 1}))
      expect(actions(await lab().api.plan([definition, widget({size: 1})]))).toEqual(['keep', 'keep'])
      await expect(lab().api.apply(widget({sice: 1}))).rejects.toMatchObject({code: 'INVALID'})
    } finally {
      const {apiVersion, kind, metadata} = definition
      await lab().api.remove({apiVersion, kind, name: metadata.name})
    }
  }, 30_000)
}

/** Exports and checks. */
function describing(lab: () => ObjectsLab): void {
  test.each([
    ['a Deployment', deployment('exported')],
    [
      'a Service',
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: {name: 'exported'},
        spec: {selector: {a: 'b'}, ports: [{port: 80}]},
      },
    ],
    [
      'a Secret',
      {apiVersion: 'v1', kind: 'Secret', metadata: {name: 'exported'}, stringData: {password: 'sentinel-8461'}},
    ],
    [
      'a CronJob',
      {
        apiVersion: 'batch/v1beta1',
        kind: 'CronJob',
        metadata: {name: 'exported'},
        spec: {
          schedule: '0 0 1 1 *',
          jobTemplate: {
            spec: {
              template: {spec: {restartPolicy: 'Never', containers: [{name: 'main', image: 'omni-test/busybox:1'}]}},
            },
          },
        },
      },
    ],
    [
      'an InferenceService',
      {
        apiVersion: 'ome.io/v1beta1',
        kind: 'InferenceService',
        metadata: {name: 'exported'},
        spec: {model: {name: 'm'}, engine: {minReplicas: 1, maxReplicas: 1}},
      },
    ],
  ] satisfies readonly (readonly [string, ApiObject])[])(
    'applying the export of %s changes nothing',
    async (_, object) => {
      const made = await lab().api.apply(object)
      const exported = await lab().api.exported(made)
      expect(JSON.stringify(exported)).not.toMatch(/managedFields|resourceVersion|"status"|creationTimestamp/)
      const [plan] = await lab().api.plan([exported])
      expect(plan?.changes).toEqual([])
      await lab().api.apply(exported)
      const written = JSON.stringify(await lab().api.plan([{...object, stringData: undefined, data: object.data}]))
      expect(written).not.toContain('sentinel-8461')
    },
  )

  test('fields of built-in kinds are checked against the schema of the server', async () => {
    const {spec} = deployment('x')
    const wrong = {...deployment('x'), spec: {...(typeof spec === 'object' ? spec : {}), replica: '1', replicas: '1'}}
    const found = await lab().api.problems([wrong, {...config('y'), kind: 'ConfigMapp'}])
    expect(found.map(({index, message}) => `${index} ${message}`)).toEqual([
      '0 it must be a whole number',
      "0 unknown field 'replica'",
      "1 the server has no kind 'ConfigMapp' in 'v1'; did you mean 'ConfigMap'?",
    ])
    expect(await lab().api.problems([deployment('x'), config('y')])).toEqual([])
  })
}

/** Many, large, refused and cut off. */
function failing(lab: () => ObjectsLab): void {
  test('1,000 objects are applied without being refused for their number, and are then as wanted', async () => {
    const objects = Array.from({length: 1000}, (_, index) => config(`many-${index}`))
    await mapLimit(objects, 32, (object) => lab().api.apply(object))
    expect(new Set(actions(await lab().api.plan(objects)))).toEqual(new Set(['keep']))
  }, 60_000)

  test('an object of 1.4 MB is applied, a larger one is refused in plain words', async () => {
    const model = (size: number): ApiObject => ({
      apiVersion: 'ome.io/v1beta1',
      kind: 'BaseModel',
      metadata: {name: 'large'},
      spec: {storage: {storageUri: 'hf://a/b', path: '/x'}, additionalMetadata: {text: 'x'.repeat(size)}},
    })
    await lab().api.apply(model(1_400_000))
    expect(actions(await lab().api.plan([model(1_400_000)]))).toEqual(['keep'])
    await expect(lab().api.apply(model(1_700_000))).rejects.toMatchObject({
      code: 'INVALID',
      message: /more than this server keeps/,
    })
    const [problem] = await lab().api.problems([model(3_300_000)])
    expect(problem?.message).toContain('no server reads more than 3 MiB')
  }, 30_000)

  test('a finalizer that hangs is explained while it is waited for', async () => {
    const kind = await lab().api.findKind('configmaps')
    if (kind === undefined) throw new Error('no ConfigMaps')
    await lab().api.apply({...config('held'), metadata: {name: 'held', finalizers: ['example.org/held']}})
    const notes: string[] = []
    const removing = lab().api.remove(
      {apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'held'},
      {
        onProgress: (note) => notes.push(note),
      },
    )
    await poll({everyMs: 50, timeoutMs: 15_000}, () => notes.length > 0)
    expect(notes.join()).toContain("the finalizer 'example.org/held'")
    await lab().client.patch({kind, name: 'held'}, {metadata: {finalizers: null}}, {type: 'merge'})
    await removing
  }, 30_000)

  test('a user who may do nothing is told which right is missing', async () => {
    await using viewer = await open('omni-test-viewer')
    await expect(viewer.api.plan([config('web')])).rejects.toMatchObject({code: 'FORBIDDEN', message: /configmaps/})
  })

  test('an API server that dies in the middle of an apply is told, and applying again converges', async () => {
    await using proxy = await openProxy()
    await using other = await open('omni-test', proxy.kubeconfig)
    const objects = Array.from({length: 80}, (_, index) => config(`cut-${index}`))
    let done = 0
    const failures: unknown[] = []
    await mapLimit(objects, 16, async (object) => {
      if (done === 20) proxy.cut()
      await other.api.apply(object, {signal: AbortSignal.timeout(20_000)}).then(
        () => done++,
        (error: unknown) => failures.push(error),
      )
    })
    expect(failures.length).toBeGreaterThan(0)
    expect(failures.every((error) => isOmniError(error) && error.code === 'UNAVAILABLE')).toBe(true)

    await mapLimit(objects, 16, (object) => lab().api.apply(object))
    expect(new Set(actions(await lab().api.plan(objects)))).toEqual(new Set(['keep']))
  }, 60_000)
}

interface Proxy extends AsyncDisposable {
  readonly kubeconfig: string
  /** Ends every connection, and takes no new one. */
  cut(): void
}

/** A way to the API server that can be cut. */
async function openProxy(): Promise<Proxy> {
  const text = await readFile(kubeconfig ?? '', 'utf8')
  const [, url = ''] = /server: *"?(https:\/\/[^\s"]+)/.exec(text) ?? []
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const server: Server = createServer((from) => {
    const to = connect(Number(target.port), target.hostname)
    for (const socket of [from, to]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
    }
    from.pipe(to).pipe(from)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const home = await createTempHome()
  const file = join(home.path, 'kubeconfig')
  await writeFile(file, text.replaceAll(url, `https://127.0.0.1:${port}`), {mode: 0o600})
  const cut = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return {
    kubeconfig: file,
    cut,
    async [Symbol.asyncDispose]() {
      cut()
      await home[Symbol.asyncDispose]()
    },
  }
}
