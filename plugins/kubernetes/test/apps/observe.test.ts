import {describe, expect, it} from 'vitest'
import {isComplete, type Sight, toService} from '../../src/provider/apps/observe.ts'
import {type AppRecord, fromSecret, nextId, toSecret, withActive, withRelease} from '../../src/provider/apps/record.ts'
import type {DeploymentObject, PodObject, SecretObject} from '../../src/provider/apps/wire.ts'
import {specOf} from './spec.ts'

const at = '2026-01-02T03:04:05Z'
const release = (id: string, status: 'active' | 'deploying' | 'failed' = 'active') => ({
  ...{id, status, createdAt: at, reason: 'deploy', spec: specOf({port: 80, replicas: 2})},
})
const record = (...releases: AppRecord['releases']): AppRecord => ({
  ...{service: 'web', namespace: 'shop', createdAt: at, updatedAt: at, isStopped: false, releases},
})

const deployment = (id: string, status: DeploymentObject['status'] = {}): DeploymentObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {name: 'web', generation: 2, labels: {'omni.service': 'web'}},
  spec: {
    replicas: 2,
    template: {metadata: {labels: {'omni.release': id}}, spec: {containers: [{image: 'acme/web:1'}]}},
  },
  status: {observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2, ...status},
})

type Container = NonNullable<NonNullable<PodObject['status']>['containerStatuses']>[number]
const pod = (
  name: string,
  {ready = true, leaving = false, ...container}: Partial<Container> & {leaving?: boolean} = {},
) =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...{name, creationTimestamp: `2026-01-02T03:04:0${name.at(-1)}Z`, labels: {'omni.release': 'r1'}},
      ...(leaving ? {deletionTimestamp: at} : {}),
    },
    spec: {nodeName: 'n1', containers: [{name: 'app', ports: [{containerPort: 80}]}]},
    status: {
      phase: 'Running',
      podIP: '10.1.1.1',
      conditions: [{type: 'Ready', status: ready ? 'True' : 'False'}],
      containerStatuses: [{name: 'app', ready, restartCount: 0, state: {running: {startedAt: at}}, ...container}],
    },
  }) as PodObject

const sight = (more: Partial<Sight> = {}): Sight => ({
  ...{name: 'web', namespace: 'shop', record: record(release('r1')), deployment: deployment('r1')},
  pods: [pod('web-x-2'), pod('web-x-1')],
  ...more,
})

const crashed: Partial<Container> = {
  ready: false,
  restartCount: 3,
  state: {waiting: {reason: 'CrashLoopBackOff'}},
  lastState: {terminated: {exitCode: 7, finishedAt: at}},
}

describe('an application as it is', () => {
  it('has its pods as replicas, the oldest first, without those that leave', () => {
    const service = toService(sight({pods: [pod('web-x-2'), pod('web-x-1'), pod('web-x-0', {leaving: true})]}))
    expect(service).toMatchObject({status: 'running', project: 'shop', release: 'r1', runningReplicas: 2})
    expect(service.replicas).toMatchObject([
      {name: 'web-0', status: 'ready', address: '10.1.1.1:80', node: 'n1', startedAt: at},
      {name: 'web-1'},
    ])
  })

  it.each([
    ['degraded', {pods: [pod('web-x-1'), pod('web-x-2', {ready: false})]}],
    ['failed', {pods: [pod('web-x-1', crashed), pod('web-x-2', crashed)]}],
    ['failed', {deployment: undefined, pods: []}],
    ['failed', {record: record(release('r1', 'failed')), deployment: undefined, pods: []}],
    ['stopped', {record: {...record(release('r1')), isStopped: true}, pods: []}],
    ['running', {record: record(release('r1'), release('r2', 'failed'))}],
  ] as const)('is %s', (status, more) => {
    expect(toService(sight(more)).status).toBe(status)
  })

  it('is deploying until it is complete, or so long that nobody can be at work', () => {
    const begun = {
      record: record(release('r1'), release('r2', 'deploying')),
      deployment: deployment('r2', {updatedReplicas: 1}),
    }
    const after = (secs: number) => toService(sight(begun), new Date(Date.parse(at) + secs * 1000))
    expect(after(10)).toMatchObject({status: 'deploying', release: 'r1'})
    expect(after(3600).status).toBe('running')
    expect(toService(sight({...begun, deployment: deployment('r2')}))).toMatchObject({status: 'running', release: 'r2'})
  })

  it('tells why a replica is not well, else why the last deploy failed', () => {
    expect(toService(sight({pods: [pod('web-x-1', crashed)]})).lastFailure).toMatchObject({
      ...{reason: 'CrashLoopBackOff', restarts: 3, exit: {code: 7}, message: 'the program exited with code 7'},
    })
    const failure = {reason: 'ImagePullError', message: 'x', restarts: 0, at, lastLines: []}
    const failed = record(release('r1'), {...release('r2', 'failed'), failure})
    expect(toService(sight({record: failed})).lastFailure).toEqual(failure)
  })

  it('tells the image and the number of replicas that hands have set', () => {
    const byHand = deployment('r1')
    const changed = {...byHand, spec: {replicas: 5, template: {spec: {containers: [{image: 'other:2'}]}}}}
    expect(toService(sight({deployment: changed}))).toMatchObject({
      desiredReplicas: 5,
      spec: {image: 'other:2', replicas: 5},
    })
  })

  it('is known without its record by what the Deployment tells', () => {
    expect(toService(sight({record: undefined}))).toMatchObject({
      name: 'web',
      release: 'r1',
      spec: {image: 'acme/web:1'},
    })
  })

  it('counts as complete only when the controller has seen the newest template', () => {
    expect(isComplete(deployment('r1'))).toBe(true)
    expect(isComplete(deployment('r1', {observedGeneration: 1}))).toBe(false)
    expect(isComplete(deployment('r1', {replicas: 3}))).toBe(false)
  })
})

describe('the record', () => {
  it('comes back from its Secret as it was', () => {
    const kept = record(release('r1'), {...release('r2', 'failed'), actor: 'ann'})
    const secret = {...toSecret(kept), metadata: {...toSecret(kept).metadata, namespace: 'shop'}} as SecretObject
    expect(fromSecret(secret)).toEqual({...kept, resourceVersion: undefined})
  })

  it('is nothing when it was changed beyond recognition', () => {
    const secret = {apiVersion: 'v1', kind: 'Secret', metadata: {name: 'omni-web'}, data: {state: 'e30=', r1: '***'}}
    expect(fromSecret(secret)).toBeUndefined()
  })

  it('keeps what serves and the newest of the rest', () => {
    let kept = record(release('r1'))
    for (let count = 0; count < 15; count++) kept = withRelease(kept, release(nextId(kept), 'failed'))
    const data = toSecret(kept).data as object
    expect(Object.keys(data)).toEqual(['state', 'r1', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'r16'])
  })

  it('tells of a deploy that was given up when the next one is there', () => {
    const {releases} = withActive(record(release('r1'), release('r2', 'deploying'), release('r3', 'deploying')), 'r3')
    expect(releases).toMatchObject([
      {id: 'r1', status: 'superseded'},
      {id: 'r2', status: 'failed', failure: {reason: 'Interrupted'}},
      {id: 'r3', status: 'active'},
    ])
  })

  it('refuses a spec that no object can hold', () => {
    const large = {...release('r1'), spec: specOf({env: {X: 'x'.repeat(800_000)}})}
    expect(() => toSecret(record(large))).toThrow(expect.objectContaining({code: 'CONFLICT'}))
  })
})
