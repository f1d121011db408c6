import {createCipheriv, randomBytes} from 'node:crypto'
import {chmod, mkdir, readdir, readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {writeApp} from './app-folder.ts'
import {createHome, omni, processesOf, removeHome} from './harness.ts'

/** A key pair for tests, made with age-keygen. */
const IDENTITY = 'AGE-SECRET-KEY-1KGJP5W3KSDMU63TFQ5Q0FSMN4D9ZHAKQWGQ2GTEN5ZUKNT0G8MJSJ9H94E'
const RECIPIENT = 'age1p3gvww38et6dht73dz3u5ejdls0paxpfc6ssq6em7zaw8fyhc43stzl2we'

let home: string
beforeEach(async () => {
  home = await createHome()
})
afterEach(() => removeHome(home))

const SENTINEL = 'sentinel-5f3a91c2'

/** Answers with what its environment has; `services/shop/` as Orca has it. */
const shop = (env: Record<string, string>) =>
  writeApp(home, 'infra', {
    'services/shop/service.toml': `[[service]]
name = "web"
command = "node server.mjs"
source = "."
port = 3000
readiness = {path = "/", interval_secs = 0.2}
stop_grace_secs = 1
[service.deploy]
drain_secs = 1
[service.env]
${Object.entries(env)
  .map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
  .join('\n')}
`,
    'services/shop/server.mjs': `import {createServer} from 'node:http'
const server = createServer((_, response) => response.end(JSON.stringify({pass: process.env.PASS, url: process.env.URL})))
server.listen(process.env.PORT, '127.0.0.1')
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`,
  })

const json = async (args: readonly string[]) => JSON.parse((await omni([...args, '-o', 'json'], {home})).stdout)

/** What the service says it has. */
async function answer(): Promise<unknown> {
  const [service] = await json(['get', 'service', 'web'])
  return (await fetch(service.endpoints[0].url)).json()
}

/** Every file below a folder that holds the text. */
async function filesWith(folder: string, text: string): Promise<string[]> {
  const entries = await readdir(folder, {recursive: true, withFileTypes: true})
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const found = await Promise.all(files.map(async (file) => ((await readFile(file)).includes(text) ? [file] : [])))
  return found.flat()
}

describe('a secret', () => {
  it('reaches the service that names it, and nothing else', async () => {
    const cwd = await shop({PASS: `\${secrets.DB_PASS}`, URL: `pg://u:\${secrets.DB_PASS}@db`})

    const refused = await omni(['deploy'], {home, cwd})
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain('DB_PASS')
    expect(refused.stderr).toContain('omni secrets set DB_PASS --project shop')

    const set = await omni(['secrets', 'set', 'DB_PASS', '--debug'], {
      home,
      cwd: join(cwd, 'services/shop'),
      input: `${SENTINEL}\n`,
    })
    expect(set).toMatchObject({code: 0, stdout: 'set shop/DB_PASS\n'})
    expect(set.stderr).toContain("project 'shop', from the folder")
    const deployed = await omni(['deploy', '--debug'], {home, cwd})
    expect(deployed.code).toBe(0)
    expect(await answer()).toEqual({pass: SENTINEL, url: `pg://u:${SENTINEL}@db`})

    const shown = await Promise.all(
      [
        ['secrets', 'list', '--all'],
        ['secrets', 'get', 'DB_PASS', '--project', 'shop', '-o', 'json'],
        ['describe', 'service', 'web'],
        ['get', 'service', 'web', '-o', 'yaml'],
        ['releases', 'web', '-o', 'json'],
        ['events', '-o', 'json'],
        ['logs', 'web'],
        ['server', 'logs'],
      ].map((args) => omni(args, {home})),
    )
    for (const {stdout, stderr} of [...shown, set, deployed]) expect(stdout + stderr).not.toContain(SENTINEL)
    expect(await filesWith(join(home, '.ome'), SENTINEL)).toEqual([])
  })

  it('that is changed counts when the service is restarted, which is said', async () => {
    const cwd = await shop({PASS: `\${secrets.DB_PASS}`})
    await omni(['secrets', 'set', 'DB_PASS', '--project', 'shop'], {home, input: 'one'})
    expect((await omni(['deploy'], {home, cwd})).code).toBe(0)

    const {stderr} = await omni(['secrets', 'set', 'DB_PASS', '--project', 'shop'], {home, input: 'two'})
    expect(stderr).toContain('omni restart web')
    expect(await answer()).toEqual({pass: 'one'})
    expect((await omni(['restart', 'web'], {home})).code).toBe(0)
    expect(await answer()).toEqual({pass: 'two'})

    expect((await omni(['secrets', 'rotate'], {home})).code).toBe(0)
    expect((await omni(['restart', 'web'], {home})).code).toBe(0)
    expect(await answer()).toEqual({pass: 'two'})
  })
})

it('questions about secrets start no engine', async () => {
  expect(await omni(['secrets', 'list'], {home})).toMatchObject({code: 0, stdout: ''})
  expect((await omni(['secrets', 'get', 'A'], {home})).code).toBe(4)
  expect(await processesOf(home)).toEqual([])

  await omni(['secrets', 'set', 'A'], {home, input: 'x'})
  await omni(['server', 'stop'], {home})
  expect(await omni(['secrets', 'list'], {home})).toMatchObject({
    code: 7,
    stderr: expect.stringContaining('omni server start'),
  })
})

describe('a value', () => {
  it('that services need does not go without a word', async () => {
    const cwd = await shop({PASS: `\${secrets.DB_PASS}`})
    await omni(['secrets', 'set', 'DB_PASS', '--project', 'shop'], {home, input: 'one'})
    await omni(['deploy'], {home, cwd})

    expect(await omni(['secrets', 'remove', 'DB_PASS', '--project', 'shop'], {home})).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('web need'),
    })
    expect((await omni(['secrets', 'remove', 'DB_PASS', 'NONE', '--project', 'shop', '--yes'], {home})).code).toBe(4)
    expect((await omni(['secrets', 'remove', 'DB_PASS', '--project', 'shop', '--yes'], {home})).code).toBe(0)
    expect(await json(['secrets', 'list', '--all'])).toMatchObject([
      {key: 'DB_PASS', status: 'missing', usedBy: ['web']},
    ])
  })

  it.each([
    ['without any', [], '', 2, 'there is no value'],
    ['with a bad key', ['A B'], 'x', 2, 'is no key'],
    ['with a NUL', ['A'], 'a\0b', 2, 'NUL'],
    ['that is too long', ['A'], 'x'.repeat(65 * 1024), 2, '64 KiB'],
    ['for no project', ['A', '--project', 'No Name'], 'x', 2, '--project'],
  ])('is refused %s', async (_, args, input, code, expected) => {
    const [key = 'A', ...rest] = args

    expect(await omni(['secrets', 'set', key, ...rest], {home, input})).toMatchObject({
      code,
      stderr: expect.stringContaining(expected),
    })
  })

  it('on the command line works, with a warning', async () => {
    expect(await omni(['secrets', 'set', 'DB_PASS', 's3cret'], {home})).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('list of processes'),
    })
    expect(await omni(['secrets', 'get', 'DB_PASS', '--reveal'], {home})).toMatchObject({code: 0, stdout: 's3cret\n'})
  })
})

describe("Orca's secrets.json", () => {
  const master = randomBytes(32)
  const seal = (value: string) => {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', master, nonce)
    return `${nonce.toString('hex')}:${Buffer.concat([cipher.update(value), cipher.final(), cipher.getAuthTag()]).toString('hex')}`
  }
  const writeStore = async (cwd: string, secrets: Record<string, string>) => {
    const sealed = Object.fromEntries(Object.entries(secrets).map(([key, value]) => [key, seal(value)]))
    await writeFile(join(cwd, 'services/shop/secrets.json'), JSON.stringify({secrets: sealed}))
  }
  beforeEach(async () => {
    await mkdir(join(home, '.orca'))
    await writeFile(join(home, '.orca/master.key'), master, {mode: 0o600})
  })

  it('goes to the server with the deploy that needs it, and replaces nothing there', async () => {
    const cwd = await shop({PASS: `\${secrets.DB_PASS}`, URL: `\${secrets.URL}`})
    await writeStore(cwd, {DB_PASS: 'of-the-file', URL: 'pg://', UNUSED: 'x'})

    const first = await omni(['deploy'], {home, cwd})
    expect(first.code).toBe(0)
    expect(first.stderr).toContain("took shop/DB_PASS, shop/URL from 'services/shop/secrets.json'")
    expect(await answer()).toEqual({pass: 'of-the-file', url: 'pg://'})
    expect(await filesWith(join(home, '.ome'), 'of-the-file')).toEqual([])

    await omni(['secrets', 'set', 'DB_PASS', '--project', 'shop'], {home, input: 'of-the-server'})
    await writeFile(
      join(cwd, 'services/shop/server.mjs'),
      `${await readFile(join(cwd, 'services/shop/server.mjs'), 'utf8')}\n`,
    )
    const second = await omni(['deploy'], {home, cwd})
    expect(second.code).toBe(0)
    expect(second.stderr).toContain('another value')
    expect(await answer()).toEqual({pass: 'of-the-server', url: 'pg://'})
  })

  it('goes to the server with an apply, too', async () => {
    const cwd = await shop({PASS: `\${secrets.DB_PASS}`})
    await writeStore(cwd, {DB_PASS: 'of-the-file'})

    expect((await omni(['apply', '-f', 'services', '--yes'], {home, cwd})).code).toBe(0)
    expect(await answer()).toEqual({pass: 'of-the-file'})
  })

  it('that cannot be opened stops a deploy that needs it', async () => {
    const cwd = await shop({PASS: `\${secrets.DB_PASS}`})
    await writeStore(cwd, {DB_PASS: 'x'})
    await writeFile(join(home, '.orca/master.key'), randomBytes(32))

    expect(await omni(['deploy'], {home, cwd})).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("'DB_PASS' does not open"),
    })
    await omni(['secrets', 'set', 'DB_PASS', '--project', 'shop'], {home, input: 'one'})
    expect((await omni(['deploy'], {home, cwd})).code).toBe(0)
  })
})

it('an export goes to another server and comes out there as it was', async () => {
  const key = join(home, 'key.txt')
  await writeFile(key, `# a test\n${IDENTITY}\n`, {mode: 0o600})
  await omni(['secrets', 'set', 'A', '--project', 'shop'], {home, input: SENTINEL})
  await omni(['secrets', 'set', 'B'], {home, input: 'b'})

  const out = join(home, 'backup.age')
  expect((await omni(['secrets', 'export', '--recipient', RECIPIENT, '--out', out], {home})).code).toBe(0)
  expect(await readFile(out, 'utf8')).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----/)

  const other = await createHome()
  try {
    expect((await omni(['secrets', 'import', out], {home: other})).stderr).toContain('--identity')
    expect((await omni(['secrets', 'import', out, '--identity', key], {home: other})).code).toBe(0)
    const get = (...args: string[]) => omni(['secrets', 'get', ...args, '--reveal'], {home: other})
    expect((await get('A', '--project', 'shop')).stdout).toBe(`${SENTINEL}\n`)
    expect((await get('B')).stdout).toBe('b\n')
  } finally {
    await removeHome(other)
  }
})

describe('a cluster.toml', () => {
  const TOKEN = 'kWm3r8Tz5pQv1sXa7uBc'
  const config = async (text: string) => {
    const file = join(home, 'cluster.toml')
    await writeFile(file, text)
    await chmod(file, 0o600)
    return file
  }
  const ask = async (token: string, method = 'GET', path = '/api/v1/status') => {
    const {url} = await json(['server', 'status'])
    const answer = await fetch(`${url}${path}`, {method, headers: {authorization: `Bearer ${token}`}})
    return {status: answer.status, text: await answer.text()}
  }
  const good = `[cluster]\nname = "prod"\n[[token]]\nname = "grafana"\nvalue = "${TOKEN}"\nrole = "viewer"\n`

  it('gives its tokens and its name to this start and to later ones', async () => {
    const file = await config(good)
    expect((await omni(['server', 'start', '--config', file], {home})).code).toBe(0)

    expect(await ask(TOKEN)).toMatchObject({status: 200, text: expect.stringContaining('"prod"')})
    expect(await ask(TOKEN, 'POST', '/api/v1/stop')).toMatchObject({status: 403})
    expect(await ask('else')).toMatchObject({status: 401})
    expect(await filesWith(join(home, '.ome'), TOKEN)).toEqual([])

    expect((await omni(['server', 'stop'], {home})).code).toBe(0)
    // Started by what needs it.
    expect((await omni(['secrets', 'set', 'A'], {home, input: 'x'})).code).toBe(0)
    expect(await ask(TOKEN)).toMatchObject({status: 200})

    await omni(['server', 'stop'], {home})
    expect((await omni(['server', 'start', '--no-config'], {home})).code).toBe(0)
    expect(await ask(TOKEN)).toMatchObject({status: 401})
  })

  it('that is wrong starts nothing and touches nothing that runs', async () => {
    const file = await config(good)
    await omni(['server', 'start', '--config', file], {home})
    const before = await json(['server', 'status'])

    await config(good.replace('viewer', 'boss').replace('[cluster]', '[clusters]'))
    const refused = await omni(['server', 'start', '--config', file], {home})
    expect(refused.code).toBe(3)
    expect(refused.stderr).toContain(`${file}:1:`)
    expect(refused.stderr).toContain("did you mean 'cluster'?")
    expect(refused.stderr).not.toContain(TOKEN)
    expect((await json(['server', 'status'])).pid).toBe(before.pid)
    expect(await ask(TOKEN)).toMatchObject({status: 200})

    await omni(['server', 'stop'], {home})
    const later = await omni(['server', 'start'], {home})
    expect(later.code).toBe(7)
    expect(later.stderr).toContain('cluster.toml')
    expect((await omni(['server', 'status'], {home})).code).toBe(7)
  })

  it('that the running server was not started with is a conflict', async () => {
    await omni(['server', 'start'], {home})
    const file = await config(good)

    expect(await omni(['server', 'start', '--config', file], {home})).toMatchObject({
      code: 5,
      stderr: expect.stringContaining(`omni server start --config ${file}`),
    })
    expect(await ask(TOKEN)).toMatchObject({status: 401})
  })

  it('may take a token from the secrets', async () => {
    await omni(['secrets', 'set', 'GRAFANA'], {home, input: TOKEN})
    await omni(['server', 'stop'], {home})
    const file = await config(good.replace(TOKEN, `\${secrets.GRAFANA}`))

    expect((await omni(['server', 'start', '--config', file], {home})).code).toBe(0)
    expect(await ask(TOKEN)).toMatchObject({status: 200})
  })

  it('whose token needs a secret that is not set starts nothing', async () => {
    const file = await config(good.replace(TOKEN, `\${secrets.NONE}`))

    const refused = await omni(['server', 'start', '--config', file], {home})

    expect(refused).toMatchObject({code: 7, stderr: expect.stringContaining("token 'grafana' needs the secret 'NONE'")})
    expect(await processesOf(home)).toEqual([])
    expect((await omni(['server', 'start'], {home})).code).toBe(0)
  })
})
