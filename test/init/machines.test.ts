import {type InstanceProvider, OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {createMemoryInstances} from '@omni-cli/testkit'
import {expect, test} from 'vitest'
import {prepareMachines} from '../../src/init/machines.ts'
import type {InstallHost} from '../../src/machines/install.ts'

const HOST: InstallHost = {
  isRoot: true,
  consent: async () => true,
  runner: {run: async () => undefined, startDaemon: async () => undefined},
}

type Engine = 'answers' | 'installable' | 'by hand'

function engine(id: string, state: Engine): InstanceProvider {
  let isUp = state === 'answers'
  return {
    ...createMemoryInstances(),
    name: id,
    check: async () => ({ok: isUp, message: `${id} is silent`}),
    install: {
      async plan() {
        if (state === 'by hand') throw new OmniError('UNSUPPORTED', `no ${id} here`, {hint: `get ${id}`})
        const steps = isUp ? [] : [{title: id, argv: [id] as const, needsRoot: false}]
        isUp = true
        return {isReady: isUp, steps, remarks: []}
      },
    },
  }
}

/** The first one has the highest priority. */
function sessionWith(engines: Readonly<Record<string, Engine>>): Session {
  const all = Object.entries(engines).map(([id, state], index) => ({
    contribution: {kind: 'instance' as const, id, title: '', plugin: '', module: '', priority: -index},
    provider: engine(id, state),
  }))
  const parts = {
    contributions: all.map(({contribution}) => contribution),
    open: async (_: string, id: string) => all.find(({contribution}) => contribution.id === id)?.provider,
    openAll: async () => all.toReversed(),
  }
  return parts as unknown as Session
}

const prepare = (engines: Readonly<Record<string, Engine>>, answers: Record<string, unknown>) =>
  prepareMachines(sessionWith(engines), {name: 'a', ...answers}, HOST)

test.each([
  ['no machines wanted', {}],
  ['none', {instances: 'none'}],
  ['machines on other hosts', {instances: 'alpha', 'ssh-host': ['h']}],
  ['a driver that is not there', {instances: 'other'}],
])('with %s nothing is looked for', async (_, answers) => {
  expect(await prepare({alpha: 'installable'}, answers)).toBeUndefined()
})

test('a named engine is installed where it is missing', async () => {
  expect(await prepare({alpha: 'answers', beta: 'installable'}, {instances: 'beta'})).toMatchObject({
    provider: 'beta',
    state: 'installed',
  })
})

test('a named engine that cannot be installed here is an error with the way by hand', async () => {
  await expect(prepare({alpha: 'by hand'}, {instances: 'alpha'})).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: 'no alpha here',
    hint: expect.stringContaining('get alpha'),
  })
})

test('auto takes one that answers before one that would be installed', async () => {
  expect(await prepare({alpha: 'installable', beta: 'answers'}, {instances: 'auto'})).toMatchObject({
    provider: 'beta',
    state: 'ready',
  })
})

test('auto installs the first that can be installed', async () => {
  expect(await prepare({alpha: 'by hand', beta: 'installable'}, {instances: 'auto'})).toMatchObject({
    provider: 'beta',
    state: 'installed',
  })
})

test('auto without any way tells all of them', async () => {
  expect(await prepare({alpha: 'by hand', beta: 'by hand'}, {instances: 'auto'})).toMatchObject({
    state: 'by-hand',
    remarks: ['alpha: no alpha here; get alpha', 'beta: no beta here; get beta'],
  })
})
