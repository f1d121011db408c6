import {randomBytes} from 'node:crypto'
import {type ApiObject, poll} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {POD_KIND} from '../../../src/provider/pods/pod.ts'
import {kubeconfig, type Lab, openLab} from './lab.ts'

/** A machine that no kubelet answers for, so that nothing of anybody else is evicted. */
async function withNode(lab: Lab, work: (name: string) => Promise<void>): Promise<void> {
  const name = `apps-${randomBytes(4).toString('hex')}`
  const body = {apiVersion: 'v1', kind: 'Node', metadata: {name, labels: {'kubernetes.io/hostname': name}}}
  await lab.client.request({method: 'POST', path: '/api/v1/nodes', body})
  try {
    await work(name)
  } finally {
    await lab.client.request({method: 'DELETE', path: `/api/v1/nodes/${name}`})
  }
}

const make = async (
  lab: Lab,
  path: string,
  body: Omit<ApiObject, 'metadata'> & {metadata: {name: string; labels?: object}},
) => lab.client.request<ApiObject>({method: 'POST', path: `${path.replace('NS', lab.namespace)}`, body})

describe.skipIf(kubeconfig === undefined)('nodes of a real cluster', () => {
  it('are listed, and a drained one gets nothing and loses its pods as their budgets allow', {
    timeout: 60_000,
  }, async () => {
    await using lab = await openLab()
    const {nodes} = lab.engine
    await withNode(lab, async (node) => {
      const owner = {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'owner'}}
      const {metadata} = await make(lab, '/api/v1/namespaces/NS/configmaps', owner)
      const owned = {apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: metadata.uid, controller: true}
      const pod = (name: string, ownerReferences: object[]) => ({
        ...{apiVersion: 'v1', kind: 'Pod', metadata: {name, labels: {app: 'guarded'}, ownerReferences}},
        spec: {nodeName: node, terminationGracePeriodSeconds: 0, containers: [{name: 'x', image: 'x'}]},
      })
      await make(lab, '/api/v1/namespaces/NS/pods', pod('one', [owned]))
      await make(lab, '/api/v1/namespaces/NS/pods', pod('stray', []))
      // Budgets only guard what runs.
      const status = {phase: 'Running', conditions: [{type: 'Ready', status: 'True'}]}
      const place = {kind: POD_KIND, namespace: lab.namespace, name: 'one', subresource: 'status'}
      await lab.client.patch(place, {status})
      const budget = {maxUnavailable: 0, selector: {matchLabels: {app: 'guarded'}}}
      const pdb = {apiVersion: 'policy/v1beta1', kind: 'PodDisruptionBudget', metadata: {name: 'guard'}, spec: budget}
      await make(lab, '/apis/policy/v1beta1/namespaces/NS/poddisruptionbudgets', pdb)
      expect(await nodes?.list()).toContainEqual(expect.objectContaining({id: node, draining: false}))

      await expect(nodes?.drain?.(node)).rejects.toMatchObject({
        ...{code: 'CONFLICT', message: expect.stringContaining(`${lab.namespace}/stray`)},
      })
      await lab.client.remove({kind: POD_KIND, namespace: lab.namespace, name: 'stray'})

      const notes: string[] = []
      const drained = nodes?.drain?.(node, {onProgress: (note) => notes.push(note)})
      await poll({everyMs: 50, timeoutMs: 20_000}, () => notes.some((note) => note.includes('disruption budget')))
      expect(await nodes?.list()).toContainEqual(expect.objectContaining({id: node, draining: true}))
      const path = `/apis/policy/v1beta1/namespaces/${lab.namespace}/poddisruptionbudgets/guard`
      await lab.client.request({method: 'DELETE', path})

      expect(await drained).toMatchObject({id: node, draining: true})
      expect(await lab.client.request({method: 'GET', path: `/api/v1/namespaces/${lab.namespace}/pods`})).toMatchObject(
        {
          items: [],
        },
      )
      expect(await nodes?.undrain?.(node)).toMatchObject({draining: false})
    })
  })

  it('that are unknown are NOT_FOUND', async () => {
    await using lab = await openLab()
    const unknown = expect.objectContaining({code: 'NOT_FOUND'})
    await expect(lab.engine.nodes?.drain?.('absent')).rejects.toEqual(unknown)
    await expect(lab.engine.nodes?.undrain?.('absent')).rejects.toEqual(unknown)
  })
})
