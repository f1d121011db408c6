import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {type InstanceProvider, OmniError} from '@omni-cli/sdk'
import type {Progress, Session} from '@omni-cli/sdk/cli'
import {createMemoryInstances, createTempHome} from '@omni-cli/testkit'
import {onTestFinished} from 'vitest'
import {type FailoverOptions, failOver} from '../../src/machines/failover.ts'

export const PROGRESS: Progress = {
  start: () => ({note: () => undefined, done: () => undefined, skip: () => undefined, fail: () => undefined}),
  step: (_, work) => work(PROGRESS.start('')),
  close: async () => undefined,
}

export const PLAN = `instances:
  db: {}
  web: {failover: recreate}
  shop: {failover: recreate, depends_on: [db]}
`

/** Two drivers: `first` makes the machines of the context, and may be silent. */
export async function world({
  isSilent = true,
  failover,
}: {
  isSilent?: boolean
  failover?: {to: string; after: number}
} = {}) {
  const home = await createTempHome()
  onTestFinished(() => home[Symbol.asyncDispose]())
  const plan = join(home.path, 'plan.yaml')
  await writeFile(plan, PLAN)
  const state = {isSilent}
  const [first, second] = ['first', 'second'].map((name) => ({...createMemoryInstances(), name}))
  if (first === undefined || second === undefined) throw new Error('there are two')
  const list: InstanceProvider['list'] = (options) =>
    state.isSilent ? Promise.reject(new OmniError('UNAVAILABLE', 'refused')) : createdFirst(options)
  const createdFirst = first.list
  const providers: Record<string, InstanceProvider> = {first: {...first, list}, second}
  const session = {
    home: home.path,
    context: {name: 'lab', providers: {instances: 'first'}, failover},
    contributions: Object.keys(providers).map((id) => ({
      ...{kind: 'instance', id, title: '', plugin: '', module: '', priority: 0},
    })),
    open: async (_: string, id = 'first') => providers[id],
  } as unknown as Session
  const asked: string[] = []
  const run = (options: Partial<FailoverOptions> = {}) =>
    failOver(session, {
      to: 'second',
      plan: [plan],
      primaryIsGone: true,
      approve: async (question) => {
        asked.push(question)
        return true
      },
      progress: async () => PROGRESS,
      signal: new AbortController().signal,
      ...options,
    })
  return {session, first, second, providers, state, run, asked, plan}
}

export const names = async (provider: InstanceProvider) => (await provider.list()).map(({name}) => name)
