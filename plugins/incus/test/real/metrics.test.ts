import {randomBytes} from 'node:crypto'
import {OmniError, poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {IncusClient} from '../../src/client/client.ts'
import {createEvents} from '../../src/provider/events.ts'
import {createLogs} from '../../src/provider/logs.ts'
import {createMetrics} from '../../src/provider/metrics.ts'
import {createNodes} from '../../src/provider/nodes.ts'
import {createNetworkedProject} from './networked-project.ts'
import {socket, type TestProject} from './test-project.ts'

let project: TestProject
const name = `told-${randomBytes(3).toString('hex')}`
const exec = (...command: string[]) =>
  project.client.operate({method: 'POST', path: `/instances/${name}/exec`, json: {command}})

beforeAll(async () => {
  if (socket === undefined) return
  project = await createNetworkedProject()
  await project.launch(name)
}, 60_000)
afterAll(() => project?.remove(), 60_000)

describe.skipIf(socket === undefined)('what an instance tells of itself', () => {
  it('figures of the running machines of this project alone', async () => {
    // The server measures anew every eight seconds.
    const usage = await poll({everyMs: 500, timeoutMs: 30_000}, async () => {
      const found = await createMetrics(project.client).read()
      return found.length > 0 && found
    })

    expect(usage.map((each) => each.name)).toEqual([name])
    expect(usage[0]?.cpuSeconds).toBeGreaterThan(0)
    expect(usage[0]?.processes).toBeGreaterThan(0)
    expect(usage[0]?.memoryUsedBytes).toBeGreaterThan(0)
    expect(usage[0]?.memoryUsedBytes).toBeLessThan(usage[0]?.memoryTotalBytes ?? 0)
    expect(usage[0]?.receivedBytes).toBeTypeOf('number')
  }, 60_000)

  it('the same figures by the states, where the measures may not be read', async () => {
    const denied: IncusClient = {
      ...project.client,
      download: async () => Promise.reject(new OmniError('UNAUTHORIZED', 'not authorized')),
    }
    const [usage] = await createMetrics(denied).read()

    expect(usage).toMatchObject({name, cpuSeconds: expect.any(Number), memoryUsedBytes: expect.any(Number)})
  }, 30_000)

  it('the console, its last lines, and what is added to it', async () => {
    const logs = createLogs(project.client)
    const text = (lines: readonly {text: string}[]) => lines.map((line) => line.text)
    const read: string[] = []
    const until = (wanted: string) =>
      poll({everyMs: 100, timeoutMs: 20_000}, async () => {
        read.push(...text(await Array.fromAsync(logs.read(name))))
        return read.some((line) => line.includes(wanted))
      })
    // What its start writes there comes first.
    await until('lease of')
    await exec('sh', '-c', 'printf "one\\ntwo\\n" >/dev/console')
    await until('two')
    expect(read.slice(-2)).toEqual(['one', 'two'])

    const followed: string[] = []
    const following = (async () => {
      for await (const line of logs.read(name, {follow: true})) followed.push(line.text)
    })()
    await exec('sh', '-c', 'echo five >/dev/console')
    await poll({everyMs: 100, timeoutMs: 20_000}, () => followed.includes('five'))
    await exec('sh', '-c', 'echo last words >/dev/console')
    const stop = {action: 'stop', force: true, timeout: -1}
    await project.client.operate({method: 'PUT', path: `/instances/${name}/state`, json: stop})
    await following
    expect(followed).toEqual(['five', 'last words'])
    expect(text(await Array.fromAsync(logs.read(name, {tail: 1})))).toEqual(['last words'])
    await expect(Array.fromAsync(logs.read(name, {since: '2020-01-01T00:00:00Z'}))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
    await expect(Array.fromAsync(logs.read(`${name}-x`))).rejects.toMatchObject({code: 'NOT_FOUND'})
  }, 30_000)
})

describe.skipIf(socket === undefined)('what happens on the server', () => {
  it('what happens to the things of the project', async () => {
    const events = createEvents(project.client)
    const aborter = new AbortController()
    const seen: string[] = []
    const reading = (async () => {
      for await (const {ref, type, id} of events.read({follow: true, signal: aborter.signal})) {
        seen.push(`${id} ${ref} ${type}`)
      }
    })()
    const path = `/instances/${name}`
    await poll({everyMs: 100, timeoutMs: 20_000}, async () => {
      await project.client.send({method: 'PATCH', path, json: {config: {'user.n': String(seen.length)}}})
      return seen.length > 0
    })
    expect(seen[0]).toBe(`1 instance/${name} instance.updated`)
    aborter.abort()
    await expect(reading).rejects.toMatchObject({code: 'ABORTED'})

    expect(await Array.fromAsync(events.read())).toEqual([])
    await expect(Array.fromAsync(events.read({since: 3}))).rejects.toMatchObject({code: 'UNSUPPORTED'})
  }, 30_000)

  it('a server alone has no members', async () => {
    const nodes = createNodes(project.client)

    expect(await nodes.list()).toEqual([])
    await expect(nodes.drain?.('none')).rejects.toMatchObject({code: 'NOT_FOUND'})
  })
})
