import {type OmniEvent, poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {KubeClient} from '../../../src/client/kube-client.ts'
import type {PodGroup} from '../../../src/provider/flavour.ts'
import {diagnose} from '../../../src/provider/inference/diagnose/diagnose.ts'
import {createEvents} from '../../../src/provider/pods/events.ts'
import {createLogs} from '../../../src/provider/pods/logs.ts'
import {listReplicas} from '../../../src/provider/pods/pod.ts'
import {kubeconfig, type Lab, openLab} from './lab.ts'

/** Every line has the pod and a number that grows by one. */
const COUNT = 'trap \'exit 0\' TERM; n=0; while :; do echo "$HOSTNAME $n"; n=$((n+1)); sleep 0.1; done'

const real = describe.skipIf(kubeconfig === undefined)

let lab: Lab
let group: PodGroup
const podsOf = async () => group

beforeAll(async () => {
  if (kubeconfig === undefined) return
  lab = await openLab()
  await lab.create('ghost', {image: '127.0.0.1:1/none:1'})
  await lab.create('crash', {command: ['sh', '-c', "printf 'begin\\n\\033[2Jboom\\n'; exit 3"]})
  group = await lab.deploy('web', COUNT, 2)
})
afterAll(async () => lab?.[Symbol.asyncDispose]())

/** Numbers of each pod, in the order they came. */
async function follow(client: KubeClient, isEnough: (numbers: Map<string, number[]>) => boolean | Promise<boolean>) {
  const numbers = new Map<string, number[]>()
  for await (const lines of createLogs(client, podsOf).pieces?.('web', {follow: true, tail: 1}) ?? []) {
    for (const {text} of lines) {
      const [pod = '', number] = text.split(' ')
      numbers.set(pod, [...(numbers.get(pod) ?? []), Number(number)])
    }
    if (await isEnough(numbers)) break
  }
  return numbers
}
const gaps = (numbers: readonly number[]) =>
  numbers.flatMap((number, index) => (index === 0 || number === (numbers[index - 1] ?? 0) + 1 ? [] : [number]))

real('logs of real pods', () => {
  it('lines of all replicas, in the order of their times', async () => {
    const lines = await Array.fromAsync(createLogs(lab.client, podsOf).read('web', {tail: 5}))

    expect(lines).toHaveLength(10)
    expect(new Set(lines.map(({replica}) => replica))).toEqual(new Set(['web-0', 'web-1']))
    expect(lines.map(({time}) => time)).toEqual(lines.map(({time}) => time).toSorted())
  })
})

real('following real pods', () => {
  it('following goes over to the pod that takes the place of another, and loses nothing', async () => {
    const [first] = await listReplicas(lab.client, group, {})
    const old = first?.pod.metadata.name ?? ''
    let isAsked = false
    const numbers = await follow(lab.client, async (seen) => {
      if (!isAsked && (seen.get(old)?.length ?? 0) > 3) {
        isAsked = true
        await lab.removePod(old)
      }
      return [...seen].some(([pod, own]) => pod !== old && own[0] === 0 && own.length > 5)
    })

    expect(numbers.size).toBe(3)
    for (const own of numbers.values()) expect(gaps(own)).toEqual([])
  })

  it('following goes on after the connection was cut, with each line once', async () => {
    let isCut = false
    // The pod that has just gone may still be there in the beginning.
    const haveTwo = (seen: Map<string, number[]>, count: number) =>
      [...seen.values()].filter(({length}) => length > count).length >= 2
    const numbers = await follow(lab.relayed, async (seen) => {
      if (!isCut && haveTwo(seen, 3)) {
        isCut = true
        await lab.relay.die()
        await lab.relay.rise()
      }
      return isCut && haveTwo(seen, 25)
    })

    for (const own of numbers.values()) expect(gaps(own)).toEqual([])
  })
})

real('events and diagnoses of real pods', () => {
  it('events about a service have numbers that grow, and are followed', async () => {
    const facet = createEvents(lab.client)
    const events = await Array.fromAsync(facet.read({ref: 'service/web'}))
    const ids = events.map(({id}) => id)

    expect(events.map(({type}) => type)).toEqual(
      expect.arrayContaining(['pod.started', 'deployment.scaling-replica-set']),
    )
    expect(ids).toEqual(ids.toSorted((a, b) => a - b))
    expect(new Set(ids).size).toBe(ids.length)
    expect(new Set(events.map(({ref}) => ref))).toEqual(new Set(['service/web']))
    const after: OmniEvent[] = []
    const [, last] = await listReplicas(lab.client, group, {})
    await lab.removePod(last?.pod.metadata.name ?? '')
    for await (const event of facet.read({ref: 'service/web', follow: true, since: ids.at(-1)})) {
      after.push(event)
      if (event.type === 'pod.killing') break
    }
    expect(after.every(({id}) => id > (ids.at(-1) ?? 0))).toBe(true)
  })

  it('the cause is found: an image that is nowhere, a program that ends', async () => {
    const causeOf = (name: string, rule: string) =>
      poll({everyMs: 300, timeoutMs: 30_000}, async () =>
        (await diagnose(lab.client, name)).find((one) => one.rule === rule),
      )
    const [image, crash] = await Promise.all([
      causeOf('ghost', 'image-registry-unreachable'),
      causeOf('crash', 'crash-loop'),
    ])

    expect(image).toMatchObject({severity: 'cause', message: expect.stringContaining("'127.0.0.1:1/none:1'")})
    expect(crash.message).toContain('exit code 3')
    expect(crash.evidence).toContain('\u001b[2Jboom')
    expect((await diagnose(lab.client, 'web')).filter(({severity}) => severity === 'cause')).toEqual([])
    await expect(diagnose(lab.client, 'nothing')).rejects.toMatchObject({code: 'NOT_FOUND'})
  })
})
