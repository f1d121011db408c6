import {createHash} from 'node:crypto'
import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync} from 'node:fs'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {silentLogger, sleep} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {createArtifacts} from '../../src/server/artifacts.ts'
import {createEventLog} from '../../src/server/events.ts'
import {createLocks} from '../../src/server/lock.ts'
import {createAttempt} from '../../src/server/probes/attempt.ts'
import type {Probe} from '../../src/server/probes/probe-plan.ts'
import {watchProbe} from '../../src/server/probes/watch.ts'
import {openStore, type Store} from '../../src/server/store/store.ts'
import {defaultTiming} from '../../src/server/timing.ts'
import {eventually} from './harness.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'omni-parts-'))
})
afterEach(() => rmSync(home, {recursive: true, force: true}))

describe('locks', () => {
  it('one key is served in order, one at a time; other keys do not wait', async () => {
    const locks = createLocks(8)
    const order: string[] = []
    const gate = Promise.withResolvers<void>()
    const work = (name: string, wait?: Promise<void>) => async () => {
      order.push(`${name} in`)
      await wait
      order.push(`${name} out`)
    }
    const all = [locks.run('a', work('1', gate.promise)), locks.run('a', work('2')), locks.run('b', work('3'))]
    await all[2]
    gate.resolve()
    await Promise.all(all)

    expect(order).toEqual(['1 in', '3 in', '3 out', '1 out', '2 in', '2 out'])
    await locks.idle()
  })

  it('a failure frees the lock, and an abort gives up the place without letting others pass', async () => {
    const locks = createLocks(8)
    const gate = Promise.withResolvers<void>()
    const abort = new AbortController()
    const first = locks.run('a', async () => {
      await gate.promise
      throw new Error('no')
    })
    const second = locks.run('a', async () => 2, {signal: abort.signal})
    let isThirdIn = false
    const third = locks.run('a', async () => {
      isThirdIn = true
    })
    abort.abort()

    await expect(second).rejects.toMatchObject({code: 'ABORTED'})
    expect(isThirdIn).toBe(false)
    gate.resolve()
    await expect(first).rejects.toThrow('no')
    await third
    await locks.idle()
  })

  it('no more than the limit at once', async () => {
    const locks = createLocks(2)
    let [now, most] = [0, 0]
    const work = async () => {
      most = Math.max(most, ++now)
      await sleep(1)
      now--
    }
    await Promise.all(Array.from({length: 9}, (_, key) => locks.run(String(key), work)))

    expect(most).toBe(2)
  })
})

describe('artifacts', () => {
  const content = Buffer.from('the archive')
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
  async function* chunks(...parts: Buffer[]) {
    yield* parts
  }

  it('are kept under their digest, for the owner only', async () => {
    const artifacts = createArtifacts(join(home, 'a'))
    expect(await artifacts.has(digest)).toBe(false)
    await artifacts.put(digest, chunks(content.subarray(0, 3), content.subarray(3)))
    await artifacts.put(digest, chunks(content))

    expect(await artifacts.has(digest)).toBe(true)
    const path = (await artifacts.find(digest)) ?? ''
    expect(readFileSync(path)).toEqual(content)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(home, 'a'))).toHaveLength(1)
  })

  it.each([
    ['other bytes', [Buffer.from('x')], 1000],
    ['too many bytes', [content], 5],
  ])('%s are CONFLICT and leave nothing', async (_, parts, limit) => {
    const artifacts = createArtifacts(home, limit)

    await expect(artifacts.put(digest, chunks(...parts))).rejects.toMatchObject({code: 'CONFLICT'})
    expect(readdirSync(home)).toEqual([])
  })

  it('a stream that breaks leaves nothing', async () => {
    async function* broken() {
      yield content
      throw new Error('gone')
    }
    await expect(createArtifacts(home).put(digest, broken())).rejects.toThrow('gone')
    expect(readdirSync(home)).toEqual([])
  })

  it.each(['../../etc/passwd', 'sha256:../x', '', `sha256:${'A'.repeat(64)}`])('%s is no digest', async (text) => {
    await expect(createArtifacts(home).has(text)).rejects.toMatchObject({code: 'USAGE'})
  })

  it('old ones that nobody uses go', async () => {
    const artifacts = createArtifacts(home)
    await artifacts.put(digest, chunks(content))
    await artifacts.prune(new Set())
    expect(await artifacts.has(digest)).toBe(true)
    utimesSync((await artifacts.find(digest)) ?? '', 0, 0)
    await artifacts.prune(new Set([digest]))
    expect(await artifacts.has(digest)).toBe(true)
    await artifacts.prune(new Set())
    expect(await artifacts.has(digest)).toBe(false)
  })
})

describe('events', () => {
  let store: Store
  beforeEach(() => {
    store = openStore(home)
  })
  afterEach(() => store.close())

  it('a follower gets the old and the new ones, each once, until it is aborted', async () => {
    const log = createEventLog(store.events, silentLogger)
    for (let count = 0; count < 1200; count++) log.add({service: 'web', type: 'x', message: String(count)})
    const abort = new AbortController()
    const seen: string[] = []
    const reading = (async () => {
      for await (const {message} of log.read({follow: true, signal: abort.signal, ref: 'service/web'}))
        seen.push(message)
    })()
    await eventually(() => seen.length === 1200)
    log.add({service: 'other', type: 'x', message: 'not mine'})
    log.add({service: 'web', type: 'x', message: 'last'})
    await eventually(() => seen.at(-1) === 'last')
    abort.abort()
    await reading

    expect(seen).toEqual([...Array.from({length: 1200}, (_, count) => String(count)), 'last'])
  })

  it('the newest 10 000 are kept', () => {
    store.database.exec('BEGIN')
    for (let count = 0; count < 10_400; count++) store.events.add({ref: 'service/web', type: 'x', message: ''})
    store.database.exec('COMMIT')

    expect(store.events.after(0, undefined, 20_000)).toHaveLength(10_000)
    expect(store.events.after(10_398, undefined, 10).map(({id}) => id)).toEqual([10_399, 10_400])
  })
})

describe('the store', () => {
  it('a transaction that fails changes nothing, in memory either', () => {
    const store = openStore(home)
    const change = () =>
      store.durably(() => {
        store.services.put('web', {spec: {name: 'web'} as never})
        throw new Error('full')
      })

    expect(change).toThrow('full')
    expect(store.services.get('web')).toBeUndefined()
    store.close()
  })
})

describe('probes', () => {
  const probe = (target: Probe['target'], change: Partial<Probe> = {}): Probe => ({
    name: 'readiness',
    target,
    intervalMs: 10,
    timeoutMs: 200,
    failureThreshold: 2,
    initialDelayMs: 0,
    ...change,
  })
  const runtime = {
    exec: async (_: string, argv: readonly string[]) => ({exitCode: argv[0] === 'true' ? 0 : 3, output: ''}),
  }
  const signal = new AbortController().signal

  it.each([
    ['200', probe({kind: 'http', path: '/200', port: undefined}), undefined],
    ['302', probe({kind: 'http', path: '/302', port: undefined}), undefined],
    ['404', probe({kind: 'http', path: '/404', port: undefined}), 'GET /404 answered 404'],
    ['an answer without end', probe({kind: 'http', path: '/endless', port: undefined}), undefined],
    ['no answer', probe({kind: 'http', path: '/silent', port: undefined}), 'GET /silent got no answer in time'],
    ['an open port', probe({kind: 'tcp', port: undefined}), undefined],
    ['a closed port', probe({kind: 'tcp', port: 1}), 'nothing listens on port 1'],
    ['exit 0', probe({kind: 'exec', argv: ['true']}), undefined],
    ['exit 3', probe({kind: 'exec', argv: ['false']}), "'false' exited with 3"],
  ])('%s', async (_, asked, expected) => {
    const server = createServer(({url}, response) => {
      if (url === '/silent') return
      response.statusCode = Number(url?.slice(1)) || 200
      if (url === '/endless') response.write('x')
      else response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const {port} = server.address() as AddressInfo
    const instance = {id: 'i', service: 'web', index: 0, release: 'r1', state: 'running', startedAt: ''} as const
    const attempt = createAttempt(runtime, {...instance, address: `127.0.0.1:${port}`})

    expect(await attempt(asked, signal)).toBe(expected)
    server.closeAllConnections()
    server.close()
  })

  it('never asks twice at once, turns at the threshold and back at one pass', async () => {
    const verdicts: boolean[] = []
    const answers = ['no', undefined, 'no', 'no', 'no', undefined]
    let [now, most] = [0, 0]
    const attempt = async () => {
      most = Math.max(most, ++now)
      await sleep(15)
      now--
      return answers.shift()
    }
    const watch = watchProbe(probe({kind: 'tcp', port: 1}), {
      attempt,
      timing: {...defaultTiming, lastPollMs: 5},
      onChange: (passes) => verdicts.push(passes),
    })
    watch.doubt()
    watch.doubt()
    await eventually(() => answers.length === 0 && verdicts.at(-1) === true)
    watch.stop()

    expect(most).toBe(1)
    expect(verdicts).toEqual([false, true, false, true])
  })
})
