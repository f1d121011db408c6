import {createHash} from 'node:crypto'
import {poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {APP, type Bench, dockerHost, inspected, openBench, SLEEPER, someName} from './support.ts'

const it = test.skipIf(dockerHost === undefined)
let bench: Bench
beforeAll(() => {
  bench = openBench()
})
afterAll(() => bench.end())

it('it runs under its final name, is listed, answers at its address, and is gone when it is removed', async () => {
  const {runtime, engine} = bench
  const request = await bench.request({image: APP, port: 8080, env: {VERSION: 'v7'}})
  const instance = await runtime.create(request)
  expect(instance).toMatchObject({service: request.service, index: 0, release: 'r1', state: 'running'})
  expect(instance.pid).toBeGreaterThan(1)
  expect((await inspected(engine, `orca-${request.service}`)).Id).toBe(instance.id)
  expect(await runtime.list()).toContainEqual(instance)
  const answer = await poll({everyMs: 20, timeoutMs: 10_000}, () =>
    fetch(`http://${instance.address}/`).then(
      (response) => response.text(),
      () => undefined,
    ),
  )
  expect(answer).toBe('v7')
  expect(await runtime.stop(instance.id, {graceMs: 5000})).toMatchObject({code: 0})
  await runtime.remove(instance.id)
  expect(await inspected(engine, instance.id)).toBeUndefined()
  expect((await runtime.list()).map(({id}) => id)).not.toContain(instance.id)
  await runtime.settled()
  const networks = await engine.call('GET', '/networks', {
    query: {filters: JSON.stringify({label: [`omni.owner=${bench.owner}`]})},
  })
  expect(networks).toEqual([])
})

it('its end is told with the exit code, and it is kept out of sight until the next one ends', async () => {
  const {runtime, engine} = bench
  const request = await bench.request({command: ['sh', '-c', 'echo last words; exit 3']})
  const first = await runtime.create(request)
  expect((await bench.exited(first.id)).exit).toMatchObject({code: 3})
  await runtime.remove(first.id)
  expect((await runtime.list()).map(({id}) => id)).not.toContain(first.id)
  const second = await runtime.create(request)
  expect((await bench.exited(second.id)).exit).toMatchObject({code: 3})
  await runtime.remove(second.id)
  await runtime.settled()
  expect(await inspected(engine, first.id)).toBeUndefined()
  expect((await inspected(engine, second.id)).Name).toMatch(/^\/orca-svc[0-9a-f]+\.ended-/)
  const lines = await Array.fromAsync(runtime.logs(request.service))
  expect(lines.map(({text}) => text)).toEqual(['last words'])
  expect(await runtime.lastLines(second.id, 5)).toEqual(['last words'])
  expect(await runtime.logFiles?.(request.service, '0')).toMatchObject([
    {replica: `${request.service}-0`, format: 'json-file'},
  ])
  expect(await runtime.logFiles?.(request.service, '1')).toEqual([])
  await runtime.purge(request.service)
  expect(await inspected(engine, second.id)).toBeUndefined()
})

it('one that ignores SIGTERM is killed after its grace, and the signal is told', async () => {
  const {runtime} = bench
  const request = await bench.request({command: ['sh', '-c', 'trap "" TERM; while true; do sleep 1; done']})
  const instance = await runtime.create(request)
  expect(await runtime.stop(instance.id, {graceMs: 1000})).toMatchObject({signal: 'SIGKILL'})
  await runtime.remove(instance.id)
  await runtime.remove(instance.id)
  expect(await runtime.stop(instance.id, {graceMs: 0})).toBeUndefined()
})

it('a signal that was sent by hand is told as one', async () => {
  const {runtime, engine} = bench
  const instance = await runtime.create(await bench.request({command: SLEEPER}))
  await engine.call('POST', `/containers/${instance.id}/kill`, {query: {signal: 'SIGKILL'}})
  const {exit} = await bench.exited(instance.id)
  expect(exit).toMatchObject({signal: 'SIGKILL'})
  expect(exit?.oomKilled).toBeUndefined()
  await runtime.remove(instance.id)
})

it('a program that exits with 137 by itself has a code', async () => {
  const instance = await bench.runtime.create(await bench.request({command: ['sh', '-c', 'exit 137']}))
  expect((await bench.exited(instance.id)).exit).toMatchObject({code: 137})
  await bench.runtime.remove(instance.id)
})

it('one that takes too much memory is told as such', async () => {
  const request = await bench.request({image: APP, port: 8080, env: {EAT_MB: '400'}, resources: {memory: '64Mi'}})
  const instance = await bench.runtime.create(request)
  await poll({everyMs: 20, timeoutMs: 10_000}, () =>
    fetch(`http://${instance.address}/`).then(
      () => true,
      () => undefined,
    ),
  )
  fetch(`http://${instance.address}/eat`).catch(() => undefined)
  expect((await bench.exited(instance.id)).exit).toMatchObject({signal: 'SIGKILL', oomKilled: true})
  await bench.runtime.remove(instance.id)
})

it('values of the environment and arguments arrive byte by byte', async () => {
  const {runtime, engine} = bench
  const odd = `a'b"c\\d$e!f\n\tg\u00e9\u{1f600}=h`
  const env = {ODD: odd, LARGE: 'x'.repeat(100_000), EMPTY: ''}
  const service = someName()
  const request = await bench.request({
    name: service,
    env,
    command: ['sh', '-c', 'printf %s "$ODD" | md5sum; printf %s "$1" | md5sum; printf %s "$LARGE" | wc -c', 'sh', odd],
  })
  const instance = await runtime.create(request)
  await bench.exited(instance.id)
  const {Config} = await inspected(engine, instance.id)
  expect(Config.Env).toContain(`ODD=${odd}`)
  expect(Config.Env).toContain('EMPTY=')
  const lines = (await Array.fromAsync(runtime.logs(service))).map(({text}) => text)
  const sum = `${createHash('md5').update(odd).digest('hex')}  -`
  expect(lines).toEqual([sum, sum, '100000'])
  expect(JSON.stringify(Config.Labels)).not.toContain('xxxx')
  await runtime.remove(instance.id)
})

it('it finds its instances again after a restart of the server, the ended ones stay forgotten', async () => {
  const {runtime, home, owner} = bench
  const living = await runtime.create(await bench.request({command: SLEEPER}))
  const ended = await runtime.create(await bench.request({command: ['false']}))
  await bench.exited(ended.id)
  const unseen = await runtime.create(await bench.request({command: ['sh', '-c', 'exit 4']}))
  await bench.exited(unseen.id)
  await runtime.remove(ended.id)
  await runtime.settled()
  const other = openBench({home, owner})
  const found = await other.runtime.list()
  expect(found).toContainEqual(living)
  expect(found.map(({id}) => id)).not.toContain(ended.id)
  expect(found.find(({id}) => id === unseen.id)).toMatchObject({state: 'exited', exit: {code: 4}})
  await other.runtime.close()
})

it('programs can be run inside, and a volume with a size is made where sizes are not known, too', async () => {
  const {runtime} = bench
  const request = await bench.request({command: SLEEPER, volume: {path: '/data', size: '10Mi'}})
  const instance = await runtime.create(request)
  const written = await runtime.exec(instance.id, ['sh', '-c', 'echo kept >/data/file; exit 5'], {timeoutMs: 10_000})
  expect(written.exitCode).toBe(5)
  await runtime.stop(instance.id, {graceMs: 0})
  await runtime.remove(instance.id)
  const next = await runtime.create(request)
  const found = await runtime.exec(next.id, ['cat', '/data/file'], {timeoutMs: 10_000})
  expect(found).toMatchObject({exitCode: 0, output: expect.stringContaining('kept')})
  await runtime.purge(request.service)
})
