import {createServer as createHttpServer} from 'node:http'
import {type AddressInfo, createServer} from 'node:net'
import {type ExecFacet, type Instance, type InstanceProvider, instanceSpec, OmniError} from '@omni-cli/sdk'
import {awaitReady, type ReadySpec} from '@omni-cli/sdk/engine'
import {createMemoryInstances} from '@omni-cli/testkit'
import {expect, onTestFinished, test, vi} from 'vitest'

const specOf = (fields: Record<string, unknown> = {}) => instanceSpec.parse({name: 'web', ...fields})

/** A memory driver with the machine `web`; parts of it can be replaced. */
async function machine(parts: Partial<InstanceProvider> = {}) {
  const memory = createMemoryInstances()
  await memory.create(specOf())
  const change = (fields: Partial<Instance>) => {
    const before = memory.states.get('web')
    if (before !== undefined) memory.states.set('web', {...before, ...fields})
  }
  // With an `exec` of the test, only that tells whether programs can be run inside.
  if (parts.exec !== undefined) change({agent: undefined})
  return {provider: {...memory, ...parts}, memory, change}
}

type Run = (argv: readonly string[], signal: AbortSignal | undefined) => Promise<[number, string?, string?]>

const execOf = (run: Run): ExecFacet => ({
  async run(_, argv, {signal, onStdout, onStderr} = {}) {
    const [exitCode, out = '', error = ''] = await run(argv, signal)
    onStdout?.(Buffer.from(out))
    onStderr?.(Buffer.from(error))
    return {exitCode}
  },
})

const never = (signal: AbortSignal | undefined) =>
  new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(new OmniError('ABORTED', 'interrupted')), {once: true})
  })

const failing = (provider: InstanceProvider, spec: ReadySpec, options = {}) =>
  awaitReady(provider, 'web', spec, options).then(
    () => expect.unreachable('it became ready'),
    (error: unknown) => error,
  )

test('a running machine with an address is ready; each stage is told', async () => {
  const {provider} = await machine()
  const notes: string[] = []
  const instance = await awaitReady(provider, 'web', specOf(), {onProgress: (note) => notes.push(note)})
  expect(instance.status).toBe('running')
  expect(notes).toEqual(['waiting for it to run', 'waiting for its agent', 'waiting for an address'])
})

test('it waits while the machine starts, its agent is silent and the address is missing', async () => {
  let asked = 0
  const {provider, change} = await machine({
    exec: execOf(async () => {
      asked++
      if (asked === 1) throw new OmniError('UNAVAILABLE', 'VM agent is not running')
      return [0]
    }),
  })
  change({status: 'starting', addresses: []})
  const ready = awaitReady(provider, 'web', specOf(), {
    onProgress(note) {
      if (note.includes('to run')) setTimeout(() => change({status: 'running'}), 5)
      if (note.includes('address')) setTimeout(() => change({addresses: ['10.0.0.9']}), 5)
    },
  })
  expect((await ready).addresses).toEqual(['10.0.0.9'])
  expect(asked).toBe(2)
})

test('a machine without a network is ready without an address', async () => {
  const {provider, change} = await machine()
  change({addresses: []})
  await expect(awaitReady(provider, 'web', specOf({network: {type: 'none'}}))).resolves.toBeDefined()
})

test('the time-out says what was waited for and what was seen last', async () => {
  const {provider, change} = await machine()
  change({addresses: []})
  expect(await failing(provider, specOf({wait: {timeout: '30ms'}}))).toMatchObject({
    code: 'TIMEOUT',
    message: "'web' is not ready after 30ms: waiting for an address; last seen: no address",
    details: {instance: 'web', stage: 'an address', lastSeen: 'no address'},
  })
})

test('a program inside that never ends is cut off by the deadline', async () => {
  let isEnded = false
  const {provider} = await machine({
    exec: execOf(async (argv, signal) => {
      if (argv[0] !== 'cloud-init') return [0, 'one\ntwo\n']
      return never(signal).finally(() => {
        isEnded = true
      })
    }),
  })
  expect(await failing(provider, specOf({cloud_init: '#cloud-config', wait: {timeout: '30ms'}}))).toMatchObject({
    code: 'TIMEOUT',
    details: {stage: 'cloud-init', lastLines: ['one', 'two']},
  })
  await vi.waitFor(() => expect(isEnded).toBe(true))
})

test('cloud-init that fails ends the wait at once, with the lines of the failing module', async () => {
  const status = '..\n{"status": "error", "errors": ["(\'scripts_user\', RuntimeError())"]}'
  const {provider} = await machine({
    exec: execOf(async ([program]) =>
      program === 'cloud-init'
        ? [1, status]
        : program === 'tail'
          ? [0, 'ok\nFailed to run module scripts_user\nmore']
          : [0],
    ),
  })
  expect(await failing(provider, specOf({cloud_init: '#cloud-config'}))).toMatchObject({
    code: 'DEPLOY_FAILED',
    message: "'web' is not ready: cloud-init failed: ('scripts_user', RuntimeError())",
    details: {
      stage: 'cloud-init',
      errors: ["('scripts_user', RuntimeError())"],
      lastLines: ['ok', 'Failed to run module scripts_user'],
    },
  })
})

test('user data for an image without cloud-init is an error that says so', async () => {
  const {provider} = await machine({exec: execOf(async ([program]) => [program === 'cloud-init' ? 127 : 0])})
  expect(await failing(provider, specOf({cloud_init: '#cloud-config'}))).toMatchObject({
    code: 'DEPLOY_FAILED',
    message: "'web' has user data, but there is no cloud-init in its image",
  })
  await expect(
    awaitReady(provider, 'web', specOf({cloud_init: '#cloud-config', wait: {cloud_init: false}})),
  ).resolves.toBeDefined()
})

test('cloud-init that is not up yet, and a machine that restarts meanwhile, are waited for', async () => {
  let asked = 0
  const {provider, change} = await machine({
    exec: execOf(async ([program]) => {
      if (program !== 'cloud-init') return [0]
      asked++
      if (asked === 1) return [129, '', 'not yet']
      if (asked === 2) {
        change({status: 'stopped'})
        setTimeout(() => change({status: 'running'}), 20)
        throw new OmniError('UNAVAILABLE', 'the connection was cut')
      }
      return [2, '{"status": "done", "recoverable_errors": {"WARNING": ["deprecated key"]}}']
    }),
  })
  const notes: string[] = []
  await awaitReady(provider, 'web', specOf({cloud_init: '#cloud-config'}), {onProgress: (note) => notes.push(note)})
  expect(asked).toBe(3)
  expect(notes).toContain('cloud-init got over errors: deprecated key')
})

test('programs that know no --format are asked again without', async () => {
  const {provider} = await machine({
    exec: execOf(async (argv) =>
      argv.includes('--format') ? [2, '', 'error: unrecognized arguments: --format json'] : [0, '...\nstatus: done'],
    ),
  })
  await expect(awaitReady(provider, 'web', specOf({cloud_init: '#cloud-config'}))).resolves.toBeDefined()
})

test('a machine that vanishes, also during a long program, ends the wait with what its console said', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const {provider, memory} = await machine({
    exec: execOf(async (argv, signal) => {
      if (argv[0] !== 'cloud-init') return [0]
      memory.states.delete('web')
      return never(signal)
    }),
    logs: {
      async *read() {
        yield {time: '', stream: 'stdout', replica: 'web', text: 'Kernel panic'}
      },
    },
  })
  const failed = failing(provider, specOf({cloud_init: '#cloud-config'}))
  await vi.advanceTimersByTimeAsync(3_000)
  expect(await failed).toMatchObject({
    code: 'DEPLOY_FAILED',
    message: "'web' was removed while it was waited for (cloud-init)",
    details: {lastLines: ['Kernel panic']},
  })
})

test('a machine that stays stopped is not waited for until the deadline', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const {provider, change} = await machine()
  change({status: 'stopped'})
  const failed = failing(provider, specOf())
  await vi.advanceTimersByTimeAsync(6_000)
  expect(await failed).toMatchObject({code: 'DEPLOY_FAILED', message: expect.stringContaining("'web' stopped while")})
})

test('a provider that stays silent is named instead of waiting for the deadline', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const {provider} = await machine({get: () => Promise.reject(new OmniError('UNAVAILABLE', 'connection refused'))})
  const failed = failing(provider, specOf())
  await vi.advanceTimersByTimeAsync(30_000)
  expect(await failed).toMatchObject({code: 'UNAVAILABLE', message: expect.stringContaining('connection refused')})
})

test('an abort ends the wait and what runs inside at once', async () => {
  const interrupt = new AbortController()
  let isEnded = false
  const {provider} = await machine({
    exec: execOf(async (_, signal) =>
      never(signal).finally(() => {
        isEnded = true
      }),
    ),
  })
  const failed = failing(provider, specOf(), {
    signal: interrupt.signal,
    onProgress: (note: string) => note.includes('agent') && setTimeout(() => interrupt.abort(), 5),
  })
  expect(await failed).toMatchObject({code: 'ABORTED'})
  await vi.waitFor(() => expect(isEnded).toBe(true))
})

test('ports, an HTTP address and a program of the user are asked until they answer', async () => {
  let status = 503
  const web = createHttpServer((_, response) => {
    response.writeHead(status).end()
    status = 204
  })
  const tcp = createServer()
  for (const server of [web, tcp]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
  }
  const portOf = (server: {address(): unknown}) => (server.address() as AddressInfo).port
  let runs = 0
  const {provider, change} = await machine({
    exec: execOf(async (argv) => [argv.includes('ready?') && ++runs < 2 ? 3 : 0]),
  })
  change({addresses: ['127.0.0.1']})
  const wait = {tcp: portOf(tcp), http: `:${portOf(web)}/health`, exec: ['ready?']}
  await awaitReady(provider, 'web', specOf({wait}))
  expect({status, runs}).toEqual({status: 204, runs: 2})
})

test('what a machine must say itself is waited for', async () => {
  const {provider, change} = await machine()
  const ready = awaitReady(provider, 'web', specOf({wait: {ready: true}}), {
    onProgress: (note) => void (note.includes('word') && setTimeout(() => change({isReady: true}), 5)),
  })
  expect((await ready).isReady).toBe(true)
})

test('what cannot be asked is refused before anything is waited for', async () => {
  const {provider} = await machine({exec: undefined})
  expect(await failing(provider, specOf({wait: {exec: 'true'}}))).toMatchObject({code: 'UNSUPPORTED'})
  expect(await failing(provider, specOf({wait: {http: 'health'}}))).toMatchObject({code: 'MANIFEST_INVALID'})
})
