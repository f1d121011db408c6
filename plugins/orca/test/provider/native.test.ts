import {createHash} from 'node:crypto'
import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {createHttp, type DriverContext, type ServiceEngine, serviceSpec, silentLogger} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {createOrcaEngine} from '../../src/provider/index.ts'
import {ADMIN, serveApi} from '../api/serve.ts'

let api: Awaited<ReturnType<typeof serveApi>>
let home: string
let engine: ServiceEngine

const context = (env: Record<string, string> = {}): DriverContext => ({
  home,
  env,
  context: 'test',
  namespace: undefined,
  http: createHttp({log: silentLogger, attempts: 1}),
  exec: () => Promise.reject(new Error('nothing is executed here')),
  log: silentLogger,
  notice: () => undefined,
})

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'omni-'))
  api = await serveApi()
  engine = await createOrcaEngine(context(), {url: api.url, token: ADMIN})
})
afterEach(async () => {
  await api.close()
  await rm(home, {recursive: true})
})

const web = serviceSpec.parse({name: 'web', command: 'node server.js', port: 3000, labels: {tier: 'front'}})
const all = async <T>(items: AsyncIterable<T> | undefined) => Array.fromAsync(items ?? [])

describe('a remote server of ours', () => {
  it('deploys with notes, and refuses to create twice', async () => {
    const notes: string[] = []

    const made = await engine.create(web, {onProgress: (note) => notes.push(note)})

    expect(made).toMatchObject({name: 'web', status: 'running', release: 'r1'})
    expect(notes).toEqual(['starting'])
    await expect(engine.create(web)).rejects.toMatchObject({code: 'CONFLICT', hint: 'omni describe service web'})
  })

  it('rejects a version that does not come up, with the reason of the server', async () => {
    await expect(engine.create({...web, command: 'fail'})).rejects.toMatchObject({
      code: 'DEPLOY_FAILED',
      message: 'it exits at once',
      details: {reason: 'StartFailed', lastLines: ['x']},
    })
  })

  it('lists by project and labels', async () => {
    await engine.create(web)
    await engine.create({...web, name: 'db', project: 'shop', labels: {}})
    const names = async (options?: object) => (await engine.list(options)).map(({name}) => name)

    expect(await names()).toEqual(['web', 'db'])
    expect(await names({project: 'shop'})).toEqual(['db'])
    expect(await names({labels: {tier: 'front'}})).toEqual(['web'])
    expect(await engine.get('ghost')).toBeUndefined()
    expect((await engine.get('web'))?.spec).toEqual(web)
  })

  it('scales, stops, starts, restarts, updates and removes', async () => {
    await engine.create(web)

    expect(await engine.scale('web', 3)).toMatchObject({runningReplicas: 3})
    expect(await engine.stop('web')).toMatchObject({status: 'stopped'})
    expect(await engine.start('web')).toMatchObject({status: 'running'})
    expect(await engine.restart('web')).toMatchObject({name: 'web'})
    expect(await engine.update('web', {...web, env: {A: '1'}})).toMatchObject({release: 'r2'})
    await engine.remove('web', {purge: true})
    await engine.remove('web')
    expect(api.control.calls).toContain('remove web purge')
    await expect(engine.scale('web', 1)).rejects.toMatchObject({code: 'NOT_FOUND'})
    await expect(engine.update('web', web)).rejects.toMatchObject({code: 'NOT_FOUND'})
  })

  it('does not act once its signal is aborted', async () => {
    const signal = AbortSignal.abort()
    await expect(engine.create(web, {signal})).rejects.toMatchObject({code: 'ABORTED'})
    await expect(engine.remove('web', {signal})).rejects.toMatchObject({code: 'ABORTED'})
    expect(api.control.services.size).toBe(0)
  })

  it('aborts a deploy under way', async () => {
    api.control.gate = new Promise(() => undefined)
    const abort = new AbortController()

    const deploy = engine.create(web, {signal: abort.signal, onProgress: () => abort.abort()})

    await expect(deploy).rejects.toMatchObject({code: 'ABORTED'})
    await api.control.whenAborted()
  })
})

describe('the facets of a remote server of ours', () => {
  it('are releases, also to go back to', async () => {
    await engine.create(web)
    await engine.update('web', {...web, env: {A: '1'}})

    expect(await engine.releases?.rollback('web', {to: 'r1'})).toMatchObject({spec: {env: {}}, release: 'r3'})
    expect((await engine.releases?.list('web'))?.map(({id}) => id)).toEqual(['r3', 'r2', 'r1'])
    await expect(engine.releases?.rollback('web', {to: 'r9'})).rejects.toMatchObject({code: 'NOT_FOUND'})
  })

  it('are logs and events, byte by byte the same', async () => {
    await engine.create(web)
    const line = {time: '2026-01-01T00:00:00Z', stream: 'stderr', replica: 'web-0', text: 'ü "x"\t\u001b[1m'} as const
    api.control.lines.push(line, {...line, text: ''})

    expect(await all(engine.logs?.read('web'))).toEqual([line, {...line, text: ''}])
    expect(await all(engine.logs?.read('web', {tail: 1}))).toEqual([{...line, text: ''}])
    await expect(all(engine.logs?.read('ghost'))).rejects.toMatchObject({code: 'NOT_FOUND'})
    expect(await all(engine.events?.read({ref: 'service/web'}))).toMatchObject([{id: 1, type: 'release.active'}])
  })

  it('are events that are followed until told to stop', async () => {
    const abort = new AbortController()
    const seen: number[] = []
    api.control.event('service/a', 'one', '')
    const reading = (async () => {
      for await (const event of engine.events?.read({follow: true, signal: abort.signal}) ?? []) {
        seen.push(event.id)
        if (event.id === 1) api.control.event('service/a', 'two', '')
        else abort.abort()
      }
    })()

    await expect(reading).rejects.toMatchObject({code: 'ABORTED'})
    expect(seen).toEqual([1, 2])
  })

  it('are archives', async () => {
    const content = Buffer.alloc(200_000, 'y')
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`

    expect(await engine.artifacts?.has(digest)).toBe(false)
    await engine.artifacts?.put(digest, Readable.from([content]))

    expect(await engine.artifacts?.has(digest)).toBe(true)
    expect(api.control.artifacts.get(digest)).toEqual(content)
  })

  it('are nodes, with every digit of their ids', async () => {
    expect(await engine.nodes?.list()).toMatchObject([{id: '4307800580201474175', draining: false}])
  })

  it('is well, with its version', async () => {
    expect(await engine.check()).toEqual({ok: true, version: '1.2.3'})
  })
})

describe('tokens', () => {
  it('come from the settings, a named variable or ORCA_TOKEN', async () => {
    const {url} = api
    for (const [env, settings] of [
      [{ORCA_TOKEN: ADMIN}, {url}],
      [{LAB: ADMIN}, {url, token: {env: 'LAB'}}],
    ] as const) {
      expect(await (await createOrcaEngine(context(env), settings)).list()).toEqual([])
    }
    await expect(createOrcaEngine(context(), {url, token: {env: 'LAB'}})).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })

  it('that are wrong or too weak are said to be', async () => {
    const wrong = await createOrcaEngine(context(), {url: api.url, token: 'guess'})
    const viewer = await createOrcaEngine(context(), {url: api.url, token: api.tokenOf('viewer')})

    await expect(wrong.list()).rejects.toMatchObject({code: 'UNAUTHORIZED', message: 'invalid bearer token'})
    await expect(viewer.create(web)).rejects.toMatchObject({code: 'UNAUTHORIZED', message: /viewer/})
  })
})

it('a server that is not there is UNAVAILABLE, when it is used', async () => {
  const gone = await createOrcaEngine(context(), {url: 'http://127.0.0.1:9', token: 'x'})
  await expect(gone.list()).rejects.toMatchObject({code: 'UNAVAILABLE'})
})
