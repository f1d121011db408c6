import {spawn} from 'node:child_process'
import fc from 'fast-check'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {OMNI_BIN, omniEnv} from '../harness.ts'
import {createIncusHome, type IncusHome, socket} from './incus.ts'

const real = test.skipIf(socket === undefined)
const OTHERS = ['w-100', 'mine']
let lab: IncusHome

beforeAll(async () => {
  if (socket === undefined) return
  lab = await createIncusHome()
  await Promise.all(OTHERS.map((name) => lab.incus('launch', 'omni-test/busybox', name, '-c', 'user.role=a')))
}, 60_000)
afterAll(() => lab?.remove(), 60_000)

const machine = fc.record(
  {
    image: fc.constant('omni-test/busybox'),
    cpus: fc.constantFrom(1, 2),
    memory: fc.constantFrom('64MiB', '128MiB'),
    metadata: fc.constantFrom({role: 'a'}, {role: 'b', tier: "it's"}),
    autostart: fc.boolean(),
  },
  {requiredKeys: ['image']},
)
const plan = fc.record({w: machine, 'w-1': machine, 'w-10': machine}, {requiredKeys: []})

/** How it is cut off, and when. */
const trouble = fc.record({signal: fc.constantFrom('SIGINT', 'SIGKILL'), afterMs: fc.integer({min: 300, max: 2500})})

function cutOff(file: string, {signal, afterMs}: {signal: 'SIGINT' | 'SIGKILL'; afterMs: number}): Promise<void> {
  const argv = [OMNI_BIN, 'apply', file, '--prune', '--yes']
  const child = spawn(process.execPath, argv, {env: omniEnv(lab.home), stdio: 'ignore'})
  const timer = setTimeout(() => child.kill(signal), afterMs)
  return new Promise((resolve) => {
    child.on('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** What others have, without what changes by itself. */
async function others(): Promise<unknown> {
  const all: {name: string; config: unknown; state: {started_at: string}}[] = JSON.parse(
    await lab.incus('list', '-f', 'json'),
  )
  return all
    .filter(({name}) => OTHERS.includes(name))
    .map(({name, config, state}) => ({name, config, startedAt: state.started_at}))
}

/** OMNI_TEST_RUNS: how many plans are tried. */
real(
  'after an apply that was cut off anywhere, the next one converges, and nothing else was touched',
  {timeout: 300_000},
  async () => {
    const before = await others()
    const property = fc.asyncProperty(
      plan,
      fc.array(trouble, {minLength: 1, maxLength: 2}),
      async (wanted, troubles) => {
        const file = await lab.write('plan.yaml', JSON.stringify({instances: wanted}))
        for (const one of troubles) await cutOff(file, one)
        const again = await lab.cli('apply', file, '--prune', '--yes')
        expect(`${again.code} ${again.stderr}`).toMatch(/^0 /)
        const names = Object.keys(wanted)
        expect((await lab.names()).sort()).toEqual([...names, ...OTHERS].sort())
        const third = await lab.json('apply', file, '--prune', '--yes')
        expect([third.done, third.failed]).toEqual([[], []])
        expect(await others()).toEqual(before)
      },
    )
    await fc.assert(property, {numRuns: Number(process.env.OMNI_TEST_RUNS ?? 4), endOnFailure: true})
  },
)
