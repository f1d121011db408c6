import {randomBytes} from 'node:crypto'
import {mkdir, readFile, stat, writeFile} from 'node:fs/promises'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {createHome, type OmniOptions, omni, removeHome, run} from '../harness.ts'

const host = process.env.OMNI_TEST_DOCKER_HOST
const registry = process.env.OMNI_TEST_REGISTRY
const locked = process.env.OMNI_TEST_REGISTRY_LOCKED

let home: string
let name: string
const made: string[] = []
beforeEach(async () => {
  home = await createHome()
  name = `e2e-${randomBytes(4).toString('hex')}`
})
afterEach(async () => {
  for (const image of made.splice(0)) await docker('rmi', '--force', image)
  await removeHome(home)
})

const docker = (...words: string[]) => run(['docker', '--host', host ?? '', ...words], {home})
const call = (args: readonly string[], options: Partial<OmniOptions> = {}) =>
  omni(args, {home, ...options, env: {DOCKER_HOST: host, ...options.env}})

/** A folder with a Dockerfile; the image is removed at the end. */
async function sources(...lines: string[]): Promise<string> {
  const folder = join(home, name)
  await mkdir(folder, {recursive: true})
  await writeFile(
    join(folder, 'Dockerfile'),
    ['FROM omni-test/busybox:1', `RUN echo ${name} >/made`, ...lines, ''].join('\n'),
  )
  return folder
}

describe.skipIf(host === undefined)('omni build', () => {
  it('makes an image of a folder and prints its name and id', async () => {
    made.push(`${name}:latest`)
    const {code, stdout, stderr} = await call(['build', await sources(), '--output', 'json'])

    expect(code).toBe(0)
    const {image, id} = JSON.parse(stdout)
    expect(image).toBe(`${name}:latest`)
    expect((await docker('image', 'inspect', '--format', '{{.Id}}', image)).stdout.trim()).toBe(id)
    expect(stderr).toContain(`RUN echo ${name}`)
  })

  it('makes one of a repository, and leaves nothing of it behind', async () => {
    const folder = await sources()
    const git = (...words: string[]) =>
      run(['git', '-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words], {home})
    await git('init', '--quiet', '--initial-branch=main')
    await git('add', '--all')
    await git('commit', '--quiet', '--message', 'one')
    const commit = (await git('rev-parse', 'HEAD')).stdout.trim()
    made.push(`${name}:9`)

    const {code, stdout} = await call(['build', '--repo', folder, '--tag', `${name}:9`, '--json', '--quiet'])

    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({image: `${name}:9`, commit})
    expect((await run(['ls', '-A', join(home, '.ome', 'engine', 'builds')], {home})).stdout).toBe('')
  })

  it('that fails shows the step and its output', async () => {
    const {code, stdout, stderr} = await call(['build', await sources('RUN echo almost && exit 4')])
    expect(code).toBe(3)
    expect(stdout).toBe('')
    expect(stderr).toContain('almost')
    expect(stderr).toContain("build step 'RUN echo almost && exit 4' failed: it ended with exit 4")
    // What the step before has made; Docker keeps it for the next build.
    const before = [...stderr.matchAll(/---> ([0-9a-f]{12})$/gm)].at(-1)?.[1] ?? ''
    expect((await docker('rmi', before)).code).toBe(0)
  })

  it('without a Dockerfile, a folder or an Engine says so', async () => {
    expect((await call(['build', home])).stderr).toContain("there is no Dockerfile 'Dockerfile' in the sources")
    expect((await call(['build', join(home, 'absent')])).code).toBe(4)
    const dead = await call(['build', await sources()], {env: {DOCKER_HOST: `unix://${home}/none.sock`}})
    expect(dead.code).toBe(7)
    expect(dead.stderr).toContain('does not answer')
    expect((await call(['build', '.', '--repo', 'https://example.com/x'])).code).toBe(2)
    expect((await call(['build', '--repo', 'ext::sh -c id'])).stderr).toContain('no address of a git repository')
  })
})

describe.skipIf(registry === undefined)('omni push', () => {
  it('ends with the digest that the registry has', async () => {
    made.push(`${registry}/${name}:1`)
    const built = await call(['build', await sources(), '--tag', `${registry}/${name}:1`, '--push', '--json'])
    expect(built.code).toBe(0)
    const {pushed} = JSON.parse(built.stdout)
    const headers = {accept: 'application/vnd.docker.distribution.manifest.v2+json'}
    const answer = await fetch(`http://${registry}/v2/${name}/manifests/1`, {method: 'HEAD', headers})
    expect(pushed.digest).toBe(answer.headers.get('docker-content-digest'))

    const again = await call(['push', `${registry}/${name}:1`])
    expect(again.code).toBe(0)
    expect(again.stdout).toContain(`digest  ${pushed.digest}`)
    expect(again.stdout).toContain('0 sent (0B), 2 there already')
  })

  it('of an unknown image, without credentials, and to a registry that breaks fail with what to do', async () => {
    made.push(`${name}:latest`, `${locked}/${name}:latest`)
    await call(['build', await sources(), '--quiet'])
    const near = await call(['push', name.slice(0, -1)])
    expect([near.code, near.stderr]).toEqual([4, expect.stringContaining(`did you mean '${name}:latest'?`)])

    const denied = await call(['push', name, '--registry', locked ?? '', '--json'])
    expect(denied.code).toBe(7)
    expect(JSON.parse(denied.stdout)).toMatchObject({error: {code: 'UNAUTHORIZED', hint: `docker login ${locked}`}})
  })

  it('to a registry that is too busy says so', async () => {
    made.push(`${name}:latest`)
    await call(['build', await sources(), '--quiet'])
    const server = createServer((_, response) => response.writeHead(429).end('{}')).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const busy = `127.0.0.1:${(server.address() as AddressInfo).port}`
    made.push(`${busy}/${name}:latest`)
    try {
      const {code, stderr} = await call(['push', name, '--registry', busy])
      expect([code, stderr]).toEqual([7, expect.stringContaining('limits how often')])
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})

describe('omni import compose', () => {
  const COMPOSE = `services:
  web:
    image: omni-test/app:1
    ports: ["18080:8080"]
    environment: {VERSION: v1, API_TOKEN: t0psecret}
    depends_on: [cache]
    cap_add: [NET_ADMIN]
  cache: {image: "omni-test/busybox:1", expose: ["6379"], volumes: ["data:/data"]}
volumes: {data: }
`
  const shop = async () => {
    const folder = join(home, 'shop')
    await mkdir(folder)
    await writeFile(join(folder, 'docker-compose.yml'), COMPOSE)
    return folder
  }

  it('writes a file that omni validate takes, and names what is left out with its line', async () => {
    const cwd = await shop()
    const {code, stdout, stderr} = await call(['import', 'compose'], {cwd})

    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('wrote services/shop/service.toml: project shop with web, cache')
    expect(stdout).toContain("docker-compose.yml:7: 'cap_add' is left out")
    expect(stdout).toContain('omni secrets set API_TOKEN')
    expect((await stat(join(cwd, 'services/shop/service.toml'))).mode & 0o777).toBe(0o600)
    const valid = await call(['validate', '--json'], {cwd})
    expect(JSON.parse(valid.stdout)).toMatchObject({
      valid: true,
      resources: ['service/web', 'service/cache'],
      warnings: [],
    })
  })

  it('replaces a file only when it is told to, and writes nothing with --dry-run', async () => {
    const cwd = await shop()
    const dry = await call(['import', 'compose', '--dry-run', '--json'], {cwd})
    expect(JSON.parse(dry.stdout)).toMatchObject({
      written: false,
      project: 'shop',
      toml: expect.stringContaining('[[service]]'),
    })
    await expect(stat(join(cwd, 'services'))).rejects.toThrow()

    const file = join(cwd, 'own.toml')
    await writeFile(file, 'mine')
    const refused = await call(['import', 'compose', '--to', 'own.toml'], {cwd})
    expect([refused.code, await readFile(file, 'utf8')]).toEqual([2, 'mine'])
    expect((await call(['import', 'compose', '--to', 'own.toml', '--yes'], {cwd})).code).toBe(0)
    expect(await readFile(file, 'utf8')).toContain('[[service]]')
  })
})

describe.skipIf(host === undefined)('a compose file that was imported', () => {
  it('is deployed: one service from its image, one built from its folder', async () => {
    const folder = join(home, `shop-${name}`)
    await mkdir(join(folder, 'web'), {recursive: true})
    await writeFile(
      join(folder, 'compose.yaml'),
      `services:
  web-${name}: {build: ./web, expose: [8080], depends_on: [api-${name}]}
  api-${name}: {image: 'omni-test/app:1', expose: [8080], environment: {VERSION: of-compose}}
`,
    )
    await writeFile(
      join(folder, 'web', 'Dockerfile'),
      'FROM omni-test/app:1\nCOPY page /page\nENV VERSION=built-here\n',
    )
    await writeFile(join(folder, 'web', 'page'), name)
    const options = {cwd: folder}
    try {
      expect((await call(['import', 'compose'], options)).code).toBe(0)
      const deployed = await call(['deploy', '--yes'], options)
      expect(deployed.code, deployed.stderr).toBe(0)

      const services = JSON.parse((await call(['get', 'services', '--json'], options)).stdout)
      const answers = await Promise.all(
        services.map(async (service: {name: string; endpoints: {url: string}[]}) => [
          service.name,
          await (await fetch(service.endpoints[0]?.url ?? '')).text(),
        ]),
      )
      expect(Object.fromEntries(answers)).toEqual({[`web-${name}`]: 'built-here', [`api-${name}`]: 'of-compose'})
    } finally {
      await call(['delete', 'service', `web-${name}`, `api-${name}`, '--yes'], options)
      await call(['server', 'stop', '--workloads', 'stop'], options)
    }
    expect((await docker('images', '--quiet', `orca-build-web-${name}`)).stdout).toBe('')
    expect((await docker('ps', '--all', '--quiet', '--filter', `name=${name}`)).stdout).toBe('')
  })
})
