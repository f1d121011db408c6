// biome-ignore-all lint/suspicious/noTemplateCurlyInString: compose writes its variables like that
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {homedir, tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import type {ServiceInput} from '@omni-cli/sdk'
import {loadManifest} from '@omni-cli/sdk/engine'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {type ImportedProject, readImport, writeImport} from '../../src/compose/import.ts'

let folder: string
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'omni-compose-')), 'shop')
  await mkdir(folder)
})
afterEach(() => rm(dirname(folder), {recursive: true, force: true}))

const put = async (path: string, text: string) => {
  await mkdir(dirname(join(folder, path)), {recursive: true})
  await writeFile(join(folder, path), text)
}

interface Wish {
  readonly env?: Record<string, string>
  readonly profiles?: string[]
  readonly file?: string
}

async function read(compose: string, {env = {}, profiles = [], file}: Wish = {}): Promise<ImportedProject> {
  if (file === undefined) await put('compose.yaml', compose)
  return readImport({file, folder, profiles, env})
}

/** The one service of the text under `web:`, which has an image unless it is built. */
async function service(text: string, wish: Wish = {}): Promise<{web: ServiceInput; notes: string[]}> {
  const lines = text.split('\n').map((line) => `    ${line}`)
  const image = text.includes('build:') ? '' : '    image: app:1\n'
  const {services, notes} = await read(`services:\n  web:\n${image}${lines.join('\n')}\n`, wish)
  const [web] = services
  if (web === undefined) throw new Error('there is no service')
  return {web, notes: notes.map(({line, message}) => `${line}: ${message}`)}
}

const problem = (text: string, wish: Wish = {}) =>
  read(text, wish).then(
    () => expect.unreachable(),
    (error: unknown) => error,
  )

describe('import compose', () => {
  it('takes the port, the published port, the environment, and the network and name of the project', async () => {
    const {project, services, file} = await read(`services:
  web:
    image: nginx:1.27
    ports: ["8080:80"]
    environment: {MODE: fast, COUNT: 3, ON: true}
`)
    expect(project).toBe('shop')
    expect(file).toBe(join(folder, 'services/shop/service.toml'))
    expect(services).toMatchObject([
      {
        ...{name: 'web', project: 'shop', image: 'nginx:1.27', port: 80, host_port: 8080},
        ...{network: 'shop', aliases: ['web'], env: {MODE: 'fast', COUNT: '3', ON: 'true'}},
      },
    ])
  })

  it('writes a file that the manifest loader takes without a problem', async () => {
    const imported = await read(`name: My_Shop
x-logging: &logging {logging: {driver: json-file}}
services:
  web_app:
    <<: *logging
    build: {context: ./web, dockerfile: Web.Dockerfile, args: {A: b}}
    command: node server.js --greeting "hello world" && $$X
    ports: ["8080:3000", "127.0.0.1:8443:443", "53:53/udp"]
    environment: [DATABASE_URL=postgres://shop:hunter22@db/shop]
    depends_on: {db: {condition: service_healthy}}
    deploy: {replicas: 2, resources: {limits: {cpus: '0.5', memory: 512m}}}
    healthcheck: {test: curl -f http://localhost:3000/healthz || exit 1, interval: 1m30s, retries: 4}
  db:
    image: postgres:16
    restart: unless-stopped
    stop_grace_period: 1m
    volumes: [data:/var/lib/postgresql/data, ./init:/docker-entrypoint-initdb.d:ro]
    healthcheck: {test: [CMD, pg_isready, -U, shop]}
    expose: [5432]
volumes: {data: }
`)
    await writeImport(imported)

    const {resources, warnings} = await loadManifest([imported.file])

    expect(warnings).toEqual([])
    expect(imported.file).toBe(join(folder, 'services/my-shop/service.toml'))
    expect(resources.map(({name}) => name)).toEqual(['web-app', 'db'])
    expect(resources[0]?.spec).toMatchObject({
      ...{source: '../../web', build: {dockerfile: 'Web.Dockerfile'}, port: 3000, host_port: 8080, replicas: 2},
      command: ['node', 'server.js', '--greeting', 'hello world', '&&', '$X'],
      extra_ports: ['127.0.0.1:8443:443', '0.0.0.0:53:53/udp'],
      ...{health: '/healthz', liveness: {path: '/healthz', interval_secs: 90, failure_threshold: 4}},
      ...{resources: {cpu: 0.5, memory: 512 * 1024 ** 2}, depends_on: ['db'], aliases: ['web_app']},
    })
    expect(resources[1]?.spec).toMatchObject({
      ...{port: 5432, protocol: 'tcp', restart_policy: 'unless-stopped', stop_grace_secs: 60},
      ...{volume: {path: '/var/lib/postgresql/data'}, mounts: [`${folder}/init:/docker-entrypoint-initdb.d:ro`]},
      ...{readiness: {exec: ['pg_isready', '-U', 'shop']}, liveness: {exec: ['pg_isready', '-U', 'shop']}},
    })
    const notes = imported.notes.map(({line, message}) => `${line}: ${message}`)
    expect(notes).toContain("6: 'build.args' is left out: omni has none")
    expect(notes).toContain("2: 'logging' is left out: omni has none")
    expect(notes.find((note) => note.includes('DATABASE_URL'))).toContain('omni secrets set DATABASE_URL --project ')
    expect(notes.find((note) => note.includes("'my_shop_data'"))).toContain('new and empty')
  })
})

describe('ports of compose', () => {
  it.each([
    ['"80"', {port: 80}],
    ['"127.0.0.1:8080:80"', {port: 80, host_port: 8080, host_ip: '127.0.0.1'}],
    ['"[::1]:8080:80/tcp"', {port: 80, host_port: 8080, host_ip: '::1'}],
    ['8080:80', {port: 80, host_port: 8080}],
    ['{target: 80, published: "8080", host_ip: 127.0.0.1}', {port: 80, host_port: 8080, host_ip: '127.0.0.1'}],
    ['"9000-9001:80-81"', {port: 80, host_port: 9000, extra_ports: ['0.0.0.0:9001:81']}],
    ['"6379:6379"', {port: 6379, host_port: 6379, protocol: 'tcp'}],
    ['22:22', {port: 22, host_port: 22}],
  ])('%s', async (text, expected) => {
    const {web} = await service(`ports: [${text}]`)
    expect(web).toMatchObject(expected)
  })

  it('that are only udp are no port of the service', async () => {
    const {web} = await service('ports: ["53:53/udp"]')
    expect(web).toMatchObject({port: undefined, extra_ports: ['0.0.0.0:53:53/udp']})
  })

  it.each([['"a:b"'], ['"80-90:80"'], ['"1-9:1-8"'], ['"0:0"'], ['"80:80/quic"'], ['"70000"']])(
    '%s is left out or narrowed, and named',
    async (text) => {
      const {notes} = await service(`ports: [${text}]`)
      expect(notes).toHaveLength(1)
      expect(notes[0]).toMatch(/^4: /)
    },
  )
})

describe('variables of compose', () => {
  it.each([
    ['$A', 'a'],
    ['x${A}y', 'xay'],
    ['${EMPTY:-d}', 'd'],
    ['${EMPTY-d}', ''],
    ['${NONE-d}', 'd'],
    ['${NONE:-${A}-${NONE:-z}}', 'a-z'],
    ['${A:+set}', 'set'],
    ['${EMPTY:+set}', ''],
    ['${EMPTY+set}', 'set'],
    ['$$A', '$A'],
    ['${constructor:-d}', 'd'],
    ['${A:?must}', 'a'],
  ])('%s is %j', async (text, expected) => {
    const {web} = await service(`environment: {X: '${text}'}`, {env: {A: 'a', EMPTY: ''}})
    expect(web.env).toEqual({X: expected})
  })

  it('come from .env, and the environment wins', async () => {
    await put('.env', 'A=file\nexport B="two words # no comment"\nC=$A # comment\nD=\'$A\'\n# E=1\nF="l1\nl2\\t"\n')
    const {web} = await service('environment: {A: $A, B: $B, C: $C, D: $D, F: $F}', {env: {A: 'shell'}})
    expect(web.env).toEqual({A: 'shell', B: 'two words # no comment', C: 'shell', D: '$A', F: 'l1\nl2\t'})
  })

  it('that are not set are named, and one that must be is a problem at its line', async () => {
    expect((await service('environment: {X: $NONE}')).notes).toEqual([
      '4: the variable NONE is not set; it is filled in as nothing',
    ])
    expect(await problem('services:\n  web:\n    image: ${NONE:?say which}\n')).toMatchObject({
      code: 'MANIFEST_INVALID',
      details: [{line: 3, message: 'the variable NONE must be set: say which'}],
    })
    for (const text of ['${', '${}', '$ x', '${A!}']) {
      expect(await problem(`services: {web: {image: '${text}'}}`)).toMatchObject({code: 'MANIFEST_INVALID'})
    }
  })

  it('of env_file are below those of environment, and names alone take the value of here', async () => {
    await put('a.env', 'A=1\nB=1\nD')
    await put('b.env', 'B=2\nC=2')
    const text = 'env_file: [a.env, {path: b.env}, {path: absent.env, required: false}]\nenvironment: [C=3, HERE, NOT]'
    const {web, notes} = await service(text, {env: {HERE: 'h', D: 'd'}})
    expect(web.env).toEqual({A: '1', B: '2', C: '3', D: 'd', HERE: 'h'})
    expect(notes).toEqual(['5: NOT is left out: it has no value here'])
    expect(await problem('services: {web: {image: a, env_file: absent.env}}')).toMatchObject({code: 'MANIFEST_INVALID'})
  })
})

describe('volumes of compose', () => {
  it('are made absolute, named or left out', async () => {
    const {web, notes} = await service(`volumes:
  - ./a:/a
  - ~/b:/b:ro,cached
  - data:/data
  - more:/more:ro
  - /anonymous
  - {type: bind, source: ../c, target: /c, read_only: true}
  - {type: tmpfs, target: /t}
  - relative:inside`)
    expect(web.volume).toEqual({path: '/data'})
    expect(web.mounts).toEqual([
      `${folder}/a:/a`,
      `${homedir()}/b:/b:ro`,
      'shop_more:/more:ro',
      `${dirname(folder)}/c:/c:ro`,
    ])
    expect(notes).toHaveLength(5)
    expect(notes.map((note) => note.split(':')[0])).toEqual(['6', '7', '9', '11', '12'])
  })

  it('that services share, or that others made, are mounted by their names', async () => {
    const {services} = await read(`services:
  a: {image: x, volumes: ["both:/v", "ext:/e"]}
  b: {image: x, volumes: ["both:/v"]}
volumes: {both: {name: mine}, ext: {external: true}}
`)
    expect(services.map(({mounts, volume}) => [mounts, volume])).toEqual([
      [['mine:/v', 'ext:/e'], undefined],
      [['mine:/v'], undefined],
    ])
  })
})

describe('checks of compose', () => {
  const test = (text: string) => service(`ports: ["3000"]\nhealthcheck: {test: ${text}}`)

  it.each([
    ['["CMD", "curl", "-f", "http://localhost:3000/up?x=1"]', '/up?x=1'],
    ['["CMD-SHELL", "wget -q --spider http://127.0.0.1:3000/ || exit 1"]', '/'],
    ['curl --fail localhost:3000/healthz', '/healthz'],
  ])('%s is a path', async (text, path) => {
    expect((await test(text)).web).toMatchObject({health: path})
  })

  it.each([
    ['["CMD", "curl", "-f", "http://localhost:9000/up"]', ['curl', '-f', 'http://localhost:9000/up']],
    ['["CMD", "curl", "-H", "Host: x", "http://localhost:3000/"]', ['curl', '-H', 'Host: x', 'http://localhost:3000/']],
    ['curl localhost:3000 | grep ok', ['/bin/sh', '-c', 'curl localhost:3000 | grep ok']],
    ['["CMD", "curl", "https://localhost:3000/"]', ['curl', 'https://localhost:3000/']],
  ])('%s is a program', async (text, exec) => {
    const {web} = await test(text)
    expect(web).toMatchObject({readiness: {exec}, liveness: {exec}})
    expect(web.health).toBeUndefined()
  })

  it.each([['["NONE"]'], ['[]']])('%s is none', async (text) => {
    const {web} = await test(text)
    expect([web.health, web.readiness, web.liveness]).toEqual([undefined, undefined, undefined])
  })
})

describe('files of compose', () => {
  it('are extended, included and overridden', async () => {
    await put(
      'base.yaml',
      'services: {base: {image: base:1, environment: [A=1, B=1], ports: ["1000"], command: [a, b]}}',
    )
    await put('more/compose.yaml', 'services: {cache: {image: redis:7, volumes: ["./x:/x"]}}')
    await put('compose.override.yaml', 'services: {web: {environment: {B: 3}, labels: [x=y]}}')
    const {services} = await read(`include: [more/compose.yaml]
services:
  web: {extends: {file: base.yaml, service: base}, environment: {B: 2, C: 2}, ports: ["2000"], command: c}
`)
    expect(services).toMatchObject([
      {name: 'cache', image: 'redis:7', mounts: [`${folder}/more/x:/x`]},
      {
        name: 'web',
        image: 'base:1',
        env: {A: '1', B: '3', C: '2'},
        port: 1000,
        extra_ports: ['2000'],
        command: ['c'],
        labels: {x: 'y'},
      },
    ])
  })

  it('that lead back to themselves are refused', async () => {
    expect(await problem('services: {a: {extends: b}, b: {extends: a}}')).toMatchObject({code: 'MANIFEST_INVALID'})
    expect(await problem('services: {a: {extends: a}}')).toMatchObject({code: 'MANIFEST_INVALID'})
    expect(await problem('include: [compose.yaml]')).toMatchObject({code: 'MANIFEST_INVALID'})
  })

  it('take services of profiles only when they are asked for', async () => {
    const text = 'services: {web: {image: a, depends_on: [debug]}, debug: {image: b, profiles: [dev]}}'
    const {services, notes} = await read(text)
    expect(services.map(({name}) => name)).toEqual(['web'])
    expect(notes.map(({message}) => message).join('\n')).toMatch(
      /profile dev[\s\S]*dependency 'debug' is left out|dependency 'debug'[\s\S]*profile dev/,
    )
    expect((await read(text, {profiles: ['dev']})).services.map(({name}) => name)).toEqual(['web', 'debug'])
  })
})

describe('a compose file', () => {
  it('names everything that is left out with its line', async () => {
    const {notes} = await service(`privileged: true
cap_add: [NET_ADMIN]
network_mode: host
secrets: [key]
imagee: x
x-mine: 1
networks: {front: {aliases: [www]}, back: }`)
    const text = notes.join('\n')
    for (const part of [
      "4: 'privileged'",
      "5: 'cap_add'",
      "6: 'network_mode'",
      "7: 'secrets'",
      "8: 'imagee' is left out: it is no key of a service; did you mean 'image'?",
      '10: it joins one network',
    ]) {
      expect(text).toContain(part)
    }
    expect(text).not.toContain('x-mine')
  })

  it('may name services as omni cannot; two never become one', async () => {
    const {services} = await read('services: {my_app: {image: a}, my-app: {image: b}, 1x: {image: c}}')
    expect(services.map(({name, aliases}) => [name, aliases])).toEqual([
      ['my-app-2', ['my_app']],
      ['my-app', ['my-app']],
      ['x', ['1x']],
    ])
  })

  it('suggests the domain that a proxy in front was told', async () => {
    const {web, notes} = await service('labels: ["traefik.http.routers.w.rule=Host(`a.example.com`)", tier=web]')
    expect(web.labels).toEqual({tier: 'web'})
    expect(notes.join('\n')).toContain('domain = "a.example.com"')
  })

  it.each([
    ['no YAML', 'a: [', 'MANIFEST_INVALID'],
    ['a list', '- a', 'MANIFEST_INVALID'],
    ['a service that is no map', 'services: {a: 1}', 'MANIFEST_INVALID'],
    ['a service without anything', 'services: {a: {environment: {}}}', 'MANIFEST_INVALID'],
    ['no services', 'name: x', 'MANIFEST_INVALID'],
    ['two documents', 'a: 1\n---\nb: 1', 'MANIFEST_INVALID'],
    [
      'a bomb',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefg'
        .split('')
        .map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdef'[index]}`)}]`)
        .join('\n')}`,
      'MANIFEST_INVALID',
    ],
    ['__proto__', 'services: {__proto__: {image: a}}', 'MANIFEST_INVALID'],
  ])('with %s is refused', async (_, text, code) => {
    expect(await problem(text)).toMatchObject({code})
  })

  it('that is absent, a folder or too large is refused', async () => {
    expect(await problem('', {file: 'absent.yaml'})).toMatchObject({code: 'MANIFEST_INVALID'})
    expect(await problem('', {file: '.'})).toMatchObject({code: 'MANIFEST_INVALID'})
    await put('large.yaml', '# '.padEnd(5 * 1024 ** 2, 'x'))
    expect(await problem('', {file: 'large.yaml'})).toMatchObject({code: 'MANIFEST_INVALID'})
    await expect(readImport({folder, profiles: [], env: {}})).rejects.toMatchObject({code: 'NOT_FOUND'})
  })
})

describe('sources of compose', () => {
  it.each([
    ['build: .', {source: '../..', build: {dockerfile: 'Dockerfile'}}],
    [
      'build: {context: https://github.com/acme/web.git#main:app}',
      {build: {repo: 'https://github.com/acme/web.git', branch: 'main', context: 'app', dockerfile: 'app/Dockerfile'}},
    ],
    ['build: git@github.com:acme/web.git', {build: {repo: 'git@github.com:acme/web.git', dockerfile: 'Dockerfile'}}],
  ])('%s', async (text, expected) => {
    expect((await service(text)).web).toMatchObject(expected)
  })

  it.each([
    ['restart: "no"', {restart_policy: 'no'}],
    ['restart: on-failure:3', {restart_policy: 'on-failure:3'}],
    ['deploy: {restart_policy: {condition: on-failure, max_attempts: 5}}', {restart_policy: 'on-failure:5'}],
    ['pull_policy: missing', {pull_policy: 'if-not-present'}],
    ['mem_limit: 1.5g\ncpus: 2', {resources: {memory: 1.5 * 1024 ** 3, cpu: 2}}],
    ['entrypoint: /bin/sh -c\ncommand: ["echo hi"]', {entrypoint: ['/bin/sh', '-c'], command: ['echo hi']}],
    ['scale: 3', {replicas: 3}],
    [
      'deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 2, capabilities: [gpu]}]}}}',
      {resources: {gpu: {count: 2, vendor: 'nvidia'}}},
    ],
  ])('%s', async (text, expected) => {
    expect((await service(text)).web).toMatchObject(expected)
  })
})
