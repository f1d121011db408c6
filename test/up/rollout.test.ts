import {loadManifest, withLock} from '@omni-cli/sdk/engine'
import {createMemoryServices} from '@omni-cli/testkit'
import {expect, test} from 'vitest'
import {rollOut} from '../../src/up/rollout.ts'
import {memorySession, recordingProgress} from '../apply/memory-session.ts'

const manifest = () =>
  loadManifest(['-'], {
    plan: 'demo',
    stdin: (async function* () {
      yield JSON.stringify({services: {web: {image: 'a'}}})
    })(),
  })

const options = (session: ReturnType<typeof memorySession>) => ({
  session,
  progress: async () => recordingProgress(),
  signal: new AbortController().signal,
  notice: () => undefined,
  command: 'omni up',
  dryRun: false,
})

test('what runs is looked at, the question asked and the plan carried out under one lock', async () => {
  const service = createMemoryServices()
  const isLocked = () =>
    withLock({home: session.home, name: 'default', command: 'other'}, async () => false).catch(() => true)
  const seen: boolean[] = []
  const list: typeof service.list = async (call) => {
    seen.push(await isLocked())
    return service.list(call)
  }
  using session = memorySession({service: {...service, list}})
  const confirm = async () => isLocked()

  const {result} = await rollOut(await manifest(), {...options(session), confirm})

  expect(result?.done).toEqual([{ref: 'service/web', action: 'create'}])
  // The second look is at what runs afterwards, and nothing is changed any more.
  expect(seen).toEqual([true, false])
})

test('while another command is at work nothing is changed, and a dry run goes on', async () => {
  const service = createMemoryServices()
  using session = memorySession({service})
  await withLock({home: session.home, name: 'default', command: 'omni apply'}, async () => {
    await expect(rollOut(await manifest(), options(session))).rejects.toMatchObject({code: 'LOCKED'})
    await rollOut(await manifest(), {...options(session), dryRun: true})
  })
  expect(service.entries.size).toBe(0)
})

test('a refusal leaves everything as it is', async () => {
  const service = createMemoryServices()
  using session = memorySession({service})

  const rollout = await rollOut(await manifest(), {...options(session), confirm: async () => false})

  expect(rollout).toMatchObject({isDeclined: true, result: undefined, services: []})
  expect(service.entries.size).toBe(0)
})
