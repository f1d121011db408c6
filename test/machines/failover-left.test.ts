import {writeFile} from 'node:fs/promises'
import type {Session} from '@omni-cli/sdk/cli'
import {expect, test} from 'vitest'
import {applyManifest} from '../../src/apply/apply-manifest.ts'
import {loadNamed} from '../../src/apply/load.ts'
import {checkAll} from '../../src/machines/health-report.ts'
import {readMemory} from '../../src/machines/recover-memory.ts'
import {names, PLAN, PROGRESS, world} from './failover-world.ts'

/** The same context after `omni switch second`. */
const switched = (session: Session): Session =>
  ({
    ...session,
    context: {...session.context, providers: {instances: 'second'}},
    open: (kind: 'instance', id = 'second') => session.open(kind, id),
  }) as unknown as Session

const apply = async (session: Session, plan: string) =>
  applyManifest(session, await loadNamed({files: [plan]}), {
    prune: false,
    dryRun: false,
    signal: new AbortController().signal,
    progress: async () => PROGRESS,
    approve: async () => true,
  })

test('what was left behind is not made anew and empty at the new home, and health does not tell one to', async () => {
  const {run, second, session, plan} = await world()
  await run()
  const there = switched(session)
  await expect(apply(there, plan)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(/db: left at first on .*may hold data(.|\n)*shop: left at first/),
    hint: expect.stringContaining('omni switch first'),
  })
  expect(await names(second)).toEqual(['web'])
  const report = await checkAll(there, {plan: [plan], progress: PROGRESS})
  expect(report.instances.find(({name}) => name === 'db')).toMatchObject({status: 'absent', otherHome: 'first'})
  expect(report.recommendations.map(({command}) => command)).not.toContainEqual(expect.stringContaining('omni apply'))
})

test('what was left behind is made at the new home when its plan says that it holds no data, and is noted', async () => {
  const {run, second, session, plan} = await world()
  await run()
  await writeFile(plan, PLAN.replace('db: {}', 'db: {failover: recreate}'))
  await apply(switched(session), plan)
  expect((await names(second)).toSorted()).toEqual(['db', 'shop', 'web'])
  const {moved, left} = await readMemory(session)
  expect(moved.map(({name}) => name).toSorted()).toEqual(['db', 'shop', 'web'])
  expect(left).toEqual([])
})

test('what was left behind and is gone there by now is made', async () => {
  const {run, second, session, plan, state} = await world()
  await run()
  state.isSilent = false
  await apply(switched(session), plan)
  expect((await names(second)).toSorted()).toEqual(['db', 'shop', 'web'])
})
