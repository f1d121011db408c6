import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {createSecretStore} from '../../src/server/secrets/secret-store.ts'
import {alice} from '../server/harness.ts'
import {host, ServerHome, until} from './server-home.ts'

let at: ServerHome
beforeEach(async () => {
  if (host !== undefined) at = await ServerHome.open()
})
afterEach(() => at?.close())

describe.skipIf(host === undefined)('the server over processes and containers', () => {
  it('runs an image, rolls it without a gap and goes back', async () => {
    await at.deployed(at.spec({replicas: 2, env: {VERSION: 'one'}}))
    expect(await at.ask()).toBe('one')
    await at.deployed(at.spec({replicas: 2, env: {VERSION: 'two'}}))
    expect(await at.ask()).toBe('two')
    expect(await at.service()).toMatchObject({status: 'running', runningReplicas: 2, release: 'r2'})
    expect(await at.containers()).toHaveLength(2)

    await at.control.rollback(at.name(), {actor: alice})
    expect(await at.ask()).toBe('one')
  })

  it('a restart of the server takes over what runs, without touching it', async () => {
    await at.deployed(at.spec({replicas: 2}))
    const before = (await at.containers()).map(({id}) => id).sort()
    await at.reopen()

    expect((await at.containers()).map(({id}) => id).sort()).toEqual(before)
    expect(await at.service()).toMatchObject({status: 'running', runningReplicas: 2})
    expect(await at.ask()).toBe('v1')
  })

  it('wasm is refused', async () => {
    const {errors} = await at.deploy(at.spec({image: undefined, module: './x.wasm'}))
    expect(errors).toMatchObject([{message: 'there is no WebAssembly runtime here'}])
  })

  it('a removed service leaves no ended containers and no network, and keeps its volume', async () => {
    await at.deployed(at.spec({volume: {path: '/data'}}))
    await fetch(`${(await at.service()).endpoints[0]?.url}/crash`).catch(() => undefined)
    await until(async () =>
      (await at.service()).replicas.some(({restarts, status}) => restarts > 0 && status === 'ready'),
    )
    await at.control.remove(at.name(), {actor: alice, purge: false})
    await at.docker.settled()

    const filters = JSON.stringify({label: [`omni.owner=${at.owner}`]})
    expect(await at.engine('GET', '/containers/json', {all: true, filters})).toEqual([])
    expect(await at.engine('GET', '/networks', {filters})).toEqual([])
    expect(await at.engine('GET', '/volumes', {filters})).toMatchObject({Volumes: [{}]})
    await at.docker.purge(at.name())
  })

  it('removes what it has made', async () => {
    await at.deployed(at.spec())
    await at.control.remove(at.name(), {actor: alice, purge: true})
    await until(async () => (await at.containers()).length === 0)
  })
})

describe.skipIf(host === undefined)('the environment of containers', () => {
  it('a container and a process find what they depend on', async () => {
    const db = at.spec({name: at.name('db'), env: {VERSION: 'db'}})
    const script = `require('node:http').createServer(async (_, response) => {
      const {DB_${at.tag.toUpperCase()}_URL: url} = process.env
      response.end(await (await fetch(url)).text())
    }).listen(process.env.PORT, '127.0.0.1')`
    const local = at.spec({
      name: at.name('local'),
      image: undefined,
      command: [process.execPath, '-e', script],
      depends_on: [at.name('db')],
    })
    const web = at.spec({depends_on: [at.name('db')]})
    await at.deployed(db, web, local)

    const env = JSON.parse(await at.ask('/env'))
    expect(env[`DB_${at.tag.toUpperCase()}_HOST`]).toBe(at.name('db'))
    expect(env[`DB_${at.tag.toUpperCase()}_PORT`]).toBe('8080')
    const [container] = await at.containers()
    const script2 = `fetch(process.env.DB_${at.tag.toUpperCase()}_URL).then(r => r.text()).then(console.log)`
    const asked = await at.docker.exec(container?.id ?? '', ['node', '-e', script2], {timeoutMs: 10_000})
    expect(asked.output.trim()).toBe('db')
    expect(await at.ask('/', 'local')).toBe('db')
  })

  it('a container that depends on a process is refused before anything is touched', async () => {
    const listen = "require('node:net').createServer().listen(process.env.PORT, '127.0.0.1')"
    const db = at.spec({name: at.name('db'), image: undefined, command: [process.execPath, '-e', listen]})
    const {errors} = await at.deploy(db, at.spec({depends_on: [at.name('db')]}))

    expect(errors).toContainEqual(
      expect.objectContaining({code: 'MANIFEST_INVALID', message: expect.stringContaining('cannot reach')}),
    )
    expect(await at.containers()).toEqual([])
  })

  it('a secret is in the container and nowhere else; one that is not set refuses the deploy', async () => {
    const token = ['$', '{secrets.TOKEN}'].join('')
    const spec = at.spec({env: {TOKEN: `<${token}>`}})
    expect((await at.deploy(spec)).errors).toMatchObject([{message: expect.stringContaining('TOKEN')}])
    const secrets = createSecretStore({database: at.control.database, home: at.home})
    secrets.put([{project: undefined, key: 'TOKEN', value: 'hush-1'}], {by: 'alice', onConflict: 'replace'})
    await at.deployed(spec)
    expect(JSON.parse(await at.ask('/env')).TOKEN).toBe('<hush-1>')
    const [container] = await at.containers()
    const inspected = (await at.engine('GET', `/containers/${container?.id}/json`)) as {Config: {Labels: unknown}}
    const told = [await at.service(), await Array.fromAsync(at.control.events({})), inspected.Config.Labels]
    expect(JSON.stringify(told)).not.toContain('hush')

    // As late as possible: what is made anew has the value of now.
    secrets.put([{project: undefined, key: 'TOKEN', value: 'hush-2'}], {by: 'alice', onConflict: 'replace'})
    await at.engine('POST', `/containers/${container?.id}/kill`, {signal: 'KILL'})
    await until(async () => (await at.ask('/env')).includes('<hush-2>'))
  })
})
