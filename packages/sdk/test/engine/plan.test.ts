import {applyPlan, buildPlan, loadManifest, observe, traitsOf} from '@omni-cli/sdk/engine'
import {createMemoryServices} from '@omni-cli/testkit'
import fc from 'fast-check'
import {expect, test} from 'vitest'

/** JSON is YAML. */
const load = (manifest: unknown) =>
  loadManifest(['-'], {
    plan: 'demo',
    stdin: (async function* () {
      yield JSON.stringify(manifest)
    })(),
  })

const service = fc.record(
  {
    image: fc.constantFrom('a:1', 'a:2'),
    replicas: fc.oneof(fc.nat(3), fc.constant('auto')),
    port: fc.constantFrom(80, 8080),
    env: fc.dictionary(fc.stringMatching(/^[A-Z]{1,3}$/), fc.string(), {maxKeys: 3}),
    labels: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string(), {maxKeys: 2}),
    resources: fc.record({memory: fc.constantFrom('1Ki', '2Gi', 5)}, {requiredKeys: []}),
    deploy: fc.record({strategy: fc.constantFrom('rolling', 'recreate')}, {requiredKeys: []}),
    readiness: fc.record({tcp: fc.constant(true), port: fc.constant(1)}),
    command: fc.oneof(fc.constant('node app'), fc.constant(['node', 'app'])),
    routes: fc.array(fc.constantFrom('/a', '/b'), {maxLength: 2}),
  },
  {requiredKeys: ['image']},
)
const services = fc.dictionary(fc.constantFrom('web', 'api', 'db', 'constructor'), service, {
  minKeys: 1,
  noNullPrototype: true,
})

test('after an apply, the plan is to keep everything, whatever was there before', async () => {
  await fc.assert(
    fc.asyncProperty(services, services, async (before, after) => {
      const engine = createMemoryServices()
      const drivers = {service: engine}
      for (const wanted of [before, after]) {
        const manifest = await load({services: wanted})
        const plan = buildPlan(manifest, await observe(drivers), {prune: true, traits: traitsOf(drivers)})
        const result = await applyPlan(plan, drivers)
        expect(result.failed).toEqual([])

        const again = buildPlan(manifest, await observe(drivers), {prune: true, traits: traitsOf(drivers)})
        expect(again.operations.filter(({action}) => action !== 'keep')).toEqual([])
        expect([...engine.entries.keys()].sort()).toEqual(Object.keys(wanted).sort())
      }
    }),
    {numRuns: 60},
  )
})

test('what a plan sends keeps what others set: replicas of a scale, fields of a thing it did not make', async () => {
  const engine = createMemoryServices()
  const drivers = {service: engine}
  const first = await load({services: {web: {image: 'a:1'}}})
  await applyPlan(buildPlan(first, await observe(drivers)), drivers)
  await engine.scale('web', 4)

  const second = buildPlan(await load({services: {web: {image: 'a:2'}}}), await observe(drivers))
  expect(second.wanted.get('service/web')?.spec).toMatchObject({image: 'a:2', replicas: 4})

  const made = first.resources[0]
  if (made?.kind !== 'service') throw new Error('no service')
  await engine.create({...made.spec, name: 'foreign', port: 80, env: {A: '1'}})
  const third = buildPlan(await load({services: {foreign: {image: 'a:2', env: {B: '2'}}}}), await observe(drivers))
  expect(third.wanted.get('service/foreign')?.spec).toMatchObject({
    image: 'a:2',
    port: 80,
    env: {A: '1', B: '2'},
    labels: {'omni.plan': 'demo'},
  })
})

test('the plan of 1,000 services that stay as they are is found in a fraction of a second', async () => {
  const manifest = await load({
    services: Object.fromEntries(
      Array.from({length: 1000}, (_, n) => [`web-${n}`, {image: `a:${n}`, depends_on: n > 0 ? ['web-0'] : []}]),
    ),
  })
  const engine = createMemoryServices()
  await applyPlan(buildPlan(manifest, {}), {service: engine})
  const observed = await observe({service: engine})

  const startedAt = performance.now()
  const plan = buildPlan(manifest, observed)

  expect(plan.operations.every(({action}) => action === 'keep')).toBe(true)
  expect(performance.now() - startedAt).toBeLessThan(300)
})
