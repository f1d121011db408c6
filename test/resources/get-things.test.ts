import {type EventFacet, type OmniEvent, serviceSpec} from '@omni-cli/sdk'
import type {ListView} from '@omni-cli/sdk/cli'
import {createMemoryServices} from '@omni-cli/testkit'
import {expect, test} from 'vitest'
import {type GetOptions, getThings} from '../../src/resources/get-things.ts'
import type {Named} from '../../src/resources/kind.ts'
import {memorySession} from '../apply/memory-session.ts'

const options = (more: Partial<GetOptions> = {}): GetOptions => ({
  labels: {},
  watch: false,
  format: 'table',
  notice: () => undefined,
  ...more,
})

async function setup(events?: EventFacet) {
  const memory = createMemoryServices()
  const service = {...memory, ...(events === undefined ? {events: undefined} : {events})}
  for (const name of ['web', 'db']) {
    await service.create(serviceSpec.parse({name, image: 'x', labels: {tier: name === 'db' ? 'back' : 'front'}}))
  }
  return {service, session: memorySession({service})}
}

async function getList(...query: Parameters<typeof getThings>): Promise<ListView<Named>> {
  const view = await getThings(...query)
  if (view.type === 'list') return view as ListView<Named>
  throw new Error('this is no list')
}

async function names(view: Promise<ListView<Named>>): Promise<string[]> {
  return (await Array.fromAsync((await view).rows)).map(({name}) => name)
}

test.each([
  [['services'], {}, ['web', 'db']],
  [['svc'], {labels: {tier: 'back'}}, ['db']],
  [['service', 'db', 'web'], {}, ['db', 'web']],
  [['service/db', 'svc/web'], {}, ['db', 'web']],
  [['web'], {}, ['web']],
  [['releases'], {}, ['web/r1', 'db/r1']],
  [['release', 'web/r1'], {}, ['web/r1']],
])('%j %j', async (words, more, expected) => {
  const {session} = await setup()
  using _ = session
  expect(await names(getList(session, words, options(more)))).toEqual(expected)
})

test('a project has only its own services, without one there are all', async () => {
  const {service, session} = await setup()
  using _ = session
  await service.create(serviceSpec.parse({name: 'cart', image: 'x', project: 'shop'}))

  expect(await names(getList(session, ['services'], options({project: 'shop'})))).toEqual(['cart'])
  expect(await names(getList(session, ['service', 'cart'], options({project: 'shop'})))).toEqual(['cart'])
  expect(await names(getList(session, ['services'], options()))).toEqual(['web', 'db', 'cart'])
})

test.each([
  [
    ['servces'],
    {},
    'USAGE',
    expect.stringContaining("there is no kind 'servces'; did you mean 'services'?\nkinds: services, "),
  ],
  [[], {}, 'USAGE', expect.stringContaining('which kind of things?\nkinds: services, ')],
  [['service', 'web'], {project: 'shop'}, 'NOT_FOUND', "there is no service 'web'"],
  [['service', 'none', 'web'], {}, 'NOT_FOUND', "there is no service 'none'"],
  [['instances'], {}, 'UNAVAILABLE', 'no plugin supplies a instance provider'],
  [['nodes'], {}, 'UNSUPPORTED', "'memory' has no nodes"],
  [['service/web', 'node/x'], {}, 'USAGE', 'give things of one kind at a time'],
  [['services'], {watch: true, format: 'json' as const}, 'USAGE', '--watch never ends, so json cannot be closed'],
])('%j is refused: %s', async (words, more, code, message) => {
  const {session} = await setup()
  using _ = session
  await expect(getList(session, words, options(more))).rejects.toMatchObject({code, message})
})

test('a watch shows what is there, then each change, and tells what is gone', async () => {
  const pushed: OmniEvent[] = []
  let wake = () => {
    // Nobody waits yet.
  }
  const events: EventFacet = {
    async *read({signal} = {}) {
      while (signal?.aborted !== true) {
        yield* pushed.splice(0)
        if (pushed.length > 0) continue
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
  const push = () => {
    pushed.push({id: 1, time: '', ref: 'service/web', type: 'x', message: ''})
    wake()
  }
  const {service, session} = await setup(events)
  using _ = session
  const controller = new AbortController()
  const notices: string[] = []
  const watch = {watch: true, signal: controller.signal, notice: (text: string) => notices.push(text)}
  const {rows} = await getList(session, ['services'], options(watch))
  const seen = (rows as AsyncIterable<Named>)[Symbol.asyncIterator]()
  const next = async () => (await seen.next()).value as Named

  expect([(await next()).name, (await next()).name]).toEqual(['web', 'db'])
  const third = next()
  await service.remove('db')
  await service.scale('web', 3)
  push()
  expect(await third).toMatchObject({name: 'web', desiredReplicas: 3})
  expect(notices).toEqual(['service/db is gone'])

  const last = next()
  controller.abort()
  push()
  await expect(last).rejects.toMatchObject({code: 'ABORTED'})
})

test('without events the list is read again each second', async () => {
  const {service, session} = await setup()
  using _ = session
  const controller = new AbortController()
  const {rows} = await getList(session, ['service', 'web'], options({watch: true, signal: controller.signal}))
  const seen = (rows as AsyncIterable<Named>)[Symbol.asyncIterator]()
  await seen.next()
  await service.scale('web', 2)
  expect((await seen.next()).value).toMatchObject({desiredReplicas: 2})
  controller.abort()
})

test('the rows of 10,000 services cost little', async () => {
  const {service, session} = await setup()
  using _ = session
  const [row] = await service.list()
  const many = {...service, list: async () => Array.from({length: 10_000}, (_, n) => ({...row, name: `web-${n}`}))}
  using big = memorySession({service: many as typeof service})
  const startedAt = performance.now()
  const view = await getList(big, ['services'], options())
  let cells = 0
  for await (const one of view.rows) {
    for (const column of view.columns) cells += column.value(one) === null ? 0 : 1
  }
  expect(cells).toBe(10_000 * view.columns.length)
  expect(performance.now() - startedAt).toBeLessThan(1000)
})
