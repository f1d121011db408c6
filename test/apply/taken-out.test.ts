import {loadManifest} from '@omni-cli/sdk/engine'
import {createMemoryInstances} from '@omni-cli/testkit'
import {expect, test} from 'vitest'
import {applyManifest} from '../../src/apply/apply-manifest.ts'
import {memorySession, recordingProgress} from './memory-session.ts'

const load = (machine: object) =>
  loadManifest(['-'], {
    plan: 'mine',
    stdin: (async function* () {
      yield JSON.stringify({instances: {web: machine}})
    })(),
  })

const options = {
  prune: false,
  dryRun: false,
  signal: new AbortController().signal,
  progress: async () => recordingProgress(),
  approve: async () => true,
}

/** What an apply has set and the plan does not say any more goes back to its default. */
test.each([
  ['cpus', 2, ({cpus}) => cpus],
  ['memory', '1GiB', ({memoryBytes}) => memoryBytes],
  ['autostart', true, ({settings}) => settings?.autostart],
  ['config', {'limits.processes': '10'}, ({settings}) => settings?.config],
  ['ports', [{listen: 8080, target: 80}], ({settings}) => settings?.ports],
] as const satisfies readonly (readonly [string, unknown, (one: Seen) => unknown])[])(
  '%s that is taken out of the plan is set no more, and the next apply has nothing to do',
  async (field, value, read) => {
    const memory = createMemoryInstances()
    using session = memorySession({instance: memory})
    await applyManifest(session, await load({image: 'debian/12', [field]: value}), options)
    await applyManifest(session, await load({image: 'debian/12'}), options)
    const seen = memory.states.get('web')
    expect(seen === undefined ? 'gone' : read(seen)).toBeUndefined()
    expect(await applyManifest(session, await load({image: 'debian/12'}), options)).toMatchObject({data: {done: []}})
  },
)

test('the type, too: without one it is a container', async () => {
  const memory = createMemoryInstances()
  using session = memorySession({instance: memory})
  await applyManifest(session, await load({image: 'debian/12', type: 'vm'}), options)
  await applyManifest(session, await load({image: 'debian/12'}), options)
  expect(memory.states.get('web')?.type).toBe('container')
})

type Seen = NonNullable<ReturnType<ReturnType<typeof createMemoryInstances>['states']['get']>>
