import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {Release, Service} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {startLoad} from '../../examples/load.ts'
import {webPlan, writeApp} from './app-folder.ts'
import {createHome, omni, removeHome} from './harness.ts'

let home: string
let dir: string
let url: string
beforeAll(async () => {
  home = await createHome()
  dir = await writeApp(home, 'shop', {'omni.yaml': plan(), 'server.mjs': answering('one')})
  const up = await run('deploy')
  expect(up.code, up.stderr).toBe(0)
  url = (await service()).endpoints.find(({via}) => via === 'local')?.url ?? ''
})
afterAll(() => removeHome(home))

const run = (...args: string[]) => omni(args, {home, cwd: dir})
const json = async <T>(...args: string[]): Promise<T> => JSON.parse((await run(...args, '-o', 'json')).stdout)
const service = () => json<Service>('status', 'web')

/** Three replicas; a verdict needs a second and 30 requests, and leaves out times: the machine may be busy. */
const plan = () =>
  webPlan('    replicas: 3\n').replace(
    'drain_secs: 1}',
    'drain_secs: 1, canary: {header: X-Version, after_secs: 1, min_requests: 30, max_latency_ratio: 50}}',
  )

/** A server that answers its version: 200 to its health check, `status` to the rest. */
const answering = (version: string, status = 200): string => `
import {createServer} from 'node:http'
const server = createServer((request, response) => {
  response.statusCode = request.url === '/' ? 200 : ${status}
  response.end('${version}')
})
server.listen(process.env.PORT, '127.0.0.1')
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`

const change = (version: string, status?: number) => writeFile(join(dir, 'server.mjs'), answering(version, status))

/** How often each version answers so many requests. */
async function answers(count: number, headers: Record<string, string> = {}): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (let at = 0; at < count; at++) {
    const answer = await (await fetch(`${url}/path`, {headers})).text()
    counts[answer] = (counts[answer] ?? 0) + 1
  }
  return counts
}

describe('a canary by hand', () => {
  it('gets its exact share, and those who ask for it', async () => {
    await change('two')
    const deploy = await run('deploy', '--canary', '20')

    expect(deploy.code, deploy.stderr).toBe(0)
    expect(deploy.stderr).toContain('omni promote web, or omni canary abort web')
    await answers(15)
    expect(await answers(60)).toEqual({one: 48, two: 12})
    expect(await answers(5, {'X-Version': 'canary'})).toEqual({two: 5})
    expect(await answers(5, {'X-Version': 'stable'})).toEqual({one: 5})
  })

  it('is told about, side by side', async () => {
    const [report] = await json<{service: string; canary: Service['canary']}[]>('canary', 'status', 'web')

    expect(report).toMatchObject({service: 'web', canary: {release: 'r2', weight: 20, auto: false}})
    expect(report?.canary?.measures.map(({release, errors}) => [release, errors])).toEqual([
      ['r1', 0],
      ['r2', 0],
    ])
    expect(report?.canary?.measures[1]?.requests).toBeGreaterThan(15)
    expect((await run('status')).stdout).toContain('canary r2 gets 20 % of the requests')
    expect((await run('describe', 'web')).stdout).toContain('canary r2 gets 20 % of the requests')
  })

  it('takes over without a lost request', async () => {
    const load = startLoad({url: `${url}/path`, ratePerSecond: 100})
    const promote = await run('promote', 'web')
    const result = await load.stop()

    expect(promote.code, promote.stderr).toBe(0)
    expect(result.failures).toEqual({})
    expect(await answers(6)).toEqual({two: 6})
    expect(await service()).toMatchObject({release: 'r2', runningReplicas: 3})
    expect(await run('promote', 'web')).toMatchObject({code: 5, stderr: expect.stringContaining('no canary instances')})
  })

  it('ends by a rollback or an abort, and the stable version serves on', async () => {
    await change('three')
    await run('deploy', '--canary', '50')
    const rollback = await run('rollback', 'web')
    expect(rollback, rollback.stderr).toMatchObject({code: 0, stdout: expect.stringContaining('canary r3 has ended')})
    await run('deploy', '--canary', '50')
    expect(await run('canary', 'abort', 'web')).toMatchObject({code: 0, stdout: expect.stringContaining('r2 alone')})

    expect(await answers(6)).toEqual({two: 6})
    expect((await run('canary', 'status')).stderr).toContain('no canary runs')
    const releases = await json<Release[]>('releases', 'web')
    expect(releases.map(({status}) => status)).toEqual(['failed', 'failed', 'active', 'superseded'])
    expect(releases[0]?.failure?.reason).toBe('CanaryAborted')
  })
})

describe('a canary by its measures', () => {
  it('that is good is promoted', async () => {
    await change('four')
    const load = startLoad({url: `${url}/path`, ratePerSecond: 100})
    const deploy = await run('deploy', '--canary', '50', '--auto', '-o', 'json')
    const result = await load.stop()

    expect(deploy.code, deploy.stderr).toBe(0)
    const {verdicts} = JSON.parse(deploy.stdout) as {verdicts: {verdict: string; reason: string}[]}
    expect(verdicts).toMatchObject([{verdict: 'promoted', reason: expect.stringMatching(/^0 of \d+ requests failed/)}])
    expect(result.failures).toEqual({})
    expect(await answers(6)).toEqual({four: 6})
  })

  it('that answers 500 is aborted with exit status 9 and the reason', async () => {
    await change('five', 500)
    const deploy = await run('deploy', '--canary', '50')
    expect(deploy.code, deploy.stderr).toBe(0)
    const load = startLoad({url: `${url}/path`, ratePerSecond: 50})
    const promote = await run('promote', 'web', '--auto')
    await load.stop()

    expect(promote).toMatchObject({
      code: 9,
      stdout: expect.stringMatching(/aborted: too many errors: \d+ of \d+ requests/),
    })
    expect(await answers(6)).toEqual({four: 6})
    expect(await service()).toMatchObject({release: 'r5', runningReplicas: 3, lastFailure: {reason: 'CanaryAborted'}})
  })

  it('--auto without a canary is refused before anything is touched', async () => {
    expect(await run('deploy', '--auto')).toMatchObject({code: 2, stderr: expect.stringContaining('--canary')})
  })
})
