import {execFile} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {promisify} from 'node:util'
import {poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {type Bench, dockerHost, openBench, SLEEPER} from './support.ts'

const it = test.skipIf(dockerHost === undefined || process.getuid?.() !== 0)
const folder = mkdtempSync(join(tmpdir(), 'omni-restart-'))
const script = resolve(import.meta.dirname, '../../../../../test/engines/docker-up')
const socket = join(folder, 'docker', 'docker.sock')
let bench: Bench | undefined

const run = (...argv: string[]) => promisify(execFile)(script, argv, {env: {...process.env, OMNI_ENGINES_DIR: folder}})

beforeAll(async () => {
  if (dockerHost === undefined || process.getuid?.() !== 0) return
  await run()
  bench = openBench({host: `unix://${socket}`})
}, 120_000)
afterAll(async () => {
  await bench?.end().catch(() => undefined)
  await run('down')
  rmSync(folder, {recursive: true, force: true, maxRetries: 5})
}, 60_000)

it('a daemon that goes away and comes back is noticed; what ended meanwhile is in the list, events go on', async () => {
  if (bench === undefined) throw new Error('there is no Engine')
  const {runtime, events} = bench
  const request = await bench.request({command: SLEEPER, network: 'restart'})
  const before = await runtime.create(request)
  await run('down')
  await expect(runtime.list()).rejects.toMatchObject({code: 'UNAVAILABLE'})
  const seen = events.length
  await run()
  await poll({everyMs: 20, timeoutMs: 20_000}, () => events.slice(seen).some(({type}) => type === 'resync'))
  expect((await runtime.list()).find(({id}) => id === before.id)?.state).toBe('exited')
  await runtime.remove(before.id)
  const after = await runtime.create(request)
  await bench.engine.call('POST', `/containers/${after.id}/kill`)
  expect((await bench.exited(after.id)).exit).toMatchObject({signal: 'SIGKILL'})
  await runtime.purge(request.service)
}, 120_000)
