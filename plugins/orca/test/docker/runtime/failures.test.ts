import {mkdtempSync, rmSync} from 'node:fs'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {ServiceInput} from '@omni-cli/sdk'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {type Bench, dockerHost, list, openBench, SLEEPER, someName} from './support.ts'

const it = test.skipIf(dockerHost === undefined)
let bench: Bench
beforeAll(() => {
  bench = openBench()
})
afterAll(() => bench.end())

const left = async () => {
  const query = {all: true, filters: JSON.stringify({label: [`omni.owner=${bench.owner}`]})}
  return list(await bench.engine.call('GET', '/containers/json', {query}))
}

const CASES: readonly [what: string, input: Partial<ServiceInput>, code: string, message: RegExp][] = [
  ['a program that is not there', {command: ['/no/such']}, 'MANIFEST_INVALID', /cannot be run in the image/],
  ['a missing folder', {mounts: ['/no/such/folder:/in']}, 'MANIFEST_INVALID', /folder of its mounts is missing/],
  ['a user that is not there', {user: 'nobody-here', command: SLEEPER}, 'MANIFEST_INVALID', /no user 'nobody-here'/],
  ['too many cores', {resources: {cpu: 10_000}, command: SLEEPER}, 'MANIFEST_INVALID', /more than this machine has/],
  ['too long a variable', {env: {LONG: 'x'.repeat(200_000)}, command: SLEEPER}, 'MANIFEST_INVALID', /too long/],
  ['an accelerator that is not there', {resources: {gpu: {count: 1}}, command: SLEEPER}, 'UNSUPPORTED', /accelerator/],
]

it.each(CASES)('%s fails with its reason and leaves nothing', async (_, input, code, message) => {
  await expect(bench.runtime.create(await bench.request(input))).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  })
  expect(await left()).toEqual([])
})

it('an image that is gone is said to be', async () => {
  const request = await bench.request({command: SLEEPER})
  const gone = {...request, prepared: {location: `sha256:${'0'.repeat(64)}`}}
  await expect(bench.runtime.create(gone)).rejects.toMatchObject({code: 'NOT_FOUND'})
})

it('a port of the machine that is in use is a conflict', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const request = await bench.request({command: SLEEPER, extra_ports: [`${port}:22`]})
  await expect(bench.runtime.create(request)).rejects.toMatchObject({code: 'CONFLICT'})
  expect(await left()).toEqual([])
  server.close()
})

it('an Engine that does not answer is unavailable, which may pass', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'omni-docker-'))
  const silent = openBench({host: `unix://${folder}/nobody.sock`})
  await expect(silent.runtime.list()).rejects.toMatchObject({code: 'UNAVAILABLE', retryable: true})
  expect(await silent.runtime.check()).toMatchObject({ok: false, hint: expect.stringContaining('docker')})
  await silent.runtime.close()
  rmSync(silent.home, {recursive: true})
  rmSync(folder, {recursive: true})
})

it('twenty at once share one network that is made once', async () => {
  const project = someName('project')
  const requests = await Promise.all(
    Array.from({length: 20}, () => bench.request({project, command: SLEEPER, name: someName()})),
  )
  const instances = await Promise.all(requests.map((request) => bench.runtime.create(request)))
  const networks = await bench.engine.call('GET', '/networks', {
    query: {filters: JSON.stringify({name: [`orca-${project}`]})},
  })
  expect(list(networks)).toHaveLength(1)
  expect((await bench.runtime.list()).filter(({isForeign}) => isForeign !== true)).toHaveLength(20)
  await Promise.all(instances.map(({id}) => bench.runtime.stop(id, {graceMs: 0})))
  await Promise.all(instances.map(({id}) => bench.runtime.remove(id)))
  await bench.runtime.settled()
  expect(
    await bench.engine.call('GET', '/networks', {query: {filters: JSON.stringify({name: [`orca-${project}`]})}}),
  ).toEqual([])
})
