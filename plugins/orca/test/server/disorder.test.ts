import {afterEach, beforeEach, expect, it} from 'vitest'
import {alice, eventually, Harness, spec} from './harness.ts'

let h: Harness
beforeEach(async () => {
  h = await Harness.open()
})
afterEach(() => h.close())

/** Small and repeatable (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

it.each([1, 2, 3, 4, 5, 6, 7, 8])('after any disorder (%i) there is what is wanted and nothing else', async (seed) => {
  const random = randomFrom(seed)
  await h.deployed(spec({replicas: 2}))
  h.runtime.hook = (step) => {
    if (step === 'create' && random(12) === 0) throw new Error('no luck')
  }
  const acts = [
    () => h.deploy(spec({env: {V: String(random(4))}, replicas: 1 + random(4)})),
    () => h.deploy(spec({env: {BEHAVIOUR: 'crash'}})),
    () => h.control.scale('web', random(4), alice),
    () => h.control.stop('web', alice),
    () => h.control.start('web', alice),
    () => h.control.restart('web', alice),
    () => h.control.rollback('web', {actor: alice}),
    async () => h.runtime.kill([...h.runtime.instances.keys()][random(3)] ?? '', {signal: 'SIGKILL'}),
    async () => h.runtime.emit({type: 'resync'}),
  ]
  const running: Promise<unknown>[] = []
  for (let count = 0; count < 40; count++) {
    running.push((acts[random(acts.length)] ?? acts[0])?.().catch(() => undefined) ?? Promise.resolve())
    if (random(4) === 0) await running.at(-1)
  }
  await Promise.all(running)
  h.runtime.hook = () => undefined

  await eventually(async () => {
    const {status, desiredReplicas, release, replicas} = await h.service()
    const wanted = status === 'stopped' ? 0 : desiredReplicas
    const instances = [...h.runtime.instances.values()].map(({info}) => info)
    return (
      (status === 'stopped' || status === 'running') &&
      replicas.length === wanted &&
      instances.length === wanted &&
      instances.every((instance) => instance.release === release && instance.state === 'running') &&
      h.edge.versions('web').length === wanted &&
      h.edge.versions('web').every((version) => version === release)
    )
  })
  const statuses = (await h.control.releases('web')).map(({status}) => status)
  expect(statuses.filter((status) => status === 'active')).toHaveLength(1)
  expect(statuses).not.toContain('deploying')
})
