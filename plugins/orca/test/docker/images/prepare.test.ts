import {execFile} from 'node:child_process'
import {createHash} from 'node:crypto'
import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises'
import {createServer} from 'node:https'
import type {AddressInfo} from 'node:net'
import {networkInterfaces} from 'node:os'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {promisify} from 'node:util'
import {type ServiceInput, serviceSpec, silentLogger} from '@omni-cli/sdk'
import {create} from 'tar'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {findImage} from '../../../src/runtimes/docker/images/inspect.ts'
import {prepareImage} from '../../../src/runtimes/docker/images/prepare.ts'
import {pruneImages} from '../../../src/runtimes/docker/images/prune.ts'
import {pushImage} from '../../../src/runtimes/docker/images/push.ts'
import type {PrepareRequest} from '../../../src/runtimes/runtime.ts'
import {
  archiveOf,
  type Bench,
  dockerHost,
  lockedRegistry,
  openBench,
  openRegistry,
  PASSWORD,
  removeImage,
  startFaulty,
} from './support.ts'

let bench: Bench
let service: string
let lines: string[]
beforeEach(async () => {
  bench = await openBench()
  service = bench.name('svc')
  lines = []
})
afterEach(async () => {
  if (dockerHost !== undefined) await pruneImages(bench.engine, service, [], {home: bench.folder})
  await bench[Symbol.asyncDispose]()
})

interface Wish extends Partial<Omit<PrepareRequest, 'spec'>> {
  readonly signal?: AbortSignal | undefined
  readonly onOutput?: ((line: string) => void) | undefined
}

const prepare = async (spec: Omit<ServiceInput, 'name'>, {signal, onOutput, ...request}: Wish = {}) => {
  const context = {
    home: bench.folder,
    env: {...process.env, HOME: bench.folder, OMNI_ALLOW_LOCAL_REPOS: '1'},
    log: silentLogger,
  }
  const whole = {
    service,
    release: 'r1',
    archive: undefined,
    env: {},
    ...request,
    spec: serviceSpec.parse({name: service, ...spec}),
  }
  const print = onOutput ?? ((line: string) => void lines.push(line))
  const {location} = await prepareImage(bench.engine, whole, {signal, onOutput: print}, context)
  bench.forget(location)
  return location
}

/** An image that only the registry has. */
async function published(tag: string, registry = openRegistry): Promise<{name: string; id: string}> {
  const name = `${registry}/${bench.name('app')}:${tag}`
  const id = await bench.image(name)
  await pushImage(bench.engine, {image: name, env: {HOME: bench.folder}})
  await removeImage(bench.engine, name)
  return {name, id}
}

const git = (folder: string, ...words: string[]) =>
  promisify(execFile)('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words])

async function repository(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await bench.files(files)
  await git(folder, 'init', '--quiet', '--initial-branch=main')
  await commit(folder)
  return folder
}

async function commit(folder: string): Promise<string> {
  await git(folder, 'add', '--all')
  await git(folder, 'commit', '--quiet', '--message', 'change')
  return (await git(folder, 'rev-parse', 'HEAD')).stdout.trim()
}

const dockerfile = (...lines: string[]) => ['FROM omni-test/busybox:1', ...lines, ''].join('\n')

describe.skipIf(dockerHost === undefined)('an image that the Engine has', () => {
  it('is the location by its id, and nothing is pulled', async () => {
    const tag = `${bench.name('web')}:1`
    const id = await bench.image(tag)
    expect(await prepare({image: tag})).toBe(id)
    expect(await prepare({image: id}, {release: 'r2'})).toBe(id)
    expect(lines).toEqual([])
  })

  it('stays that of its release when the tag moves, and a new release gets the new one', async () => {
    const tag = `${bench.name('web')}:1`
    const first = await bench.image(tag)
    await prepare({image: tag})
    const second = await bench.image(tag)

    expect(await prepare({image: tag})).toBe(first)
    expect(await prepare({image: tag}, {release: 'r2'})).toBe(second)
  })

  it('that was removed fails the release with what to do', async () => {
    const tag = `${bench.name('web')}:1`
    const first = await bench.image(tag)
    await prepare({image: tag})
    await removeImage(bench.engine, first)
    await bench.image(tag)

    await expect(prepare({image: tag})).rejects.toMatchObject({
      code: 'DEPLOY_FAILED',
      message: expect.stringContaining('was removed'),
      hint: `omni deploy ${service}`,
    })
  })

  it('is all that never takes', async () => {
    const image = `${bench.name('absent')}:1`
    await expect(prepare({image, pull_policy: 'never'})).rejects.toMatchObject({
      code: 'DEPLOY_FAILED',
      details: {reason: 'ImagePullError', message: expect.stringContaining('not to be pulled'), lastLines: []},
    })
  })
})

describe.skipIf(openRegistry === undefined)('an image of a registry', () => {
  it('is pulled when it is missing, and only then', async () => {
    const {name, id} = await published('1')

    expect(await prepare({image: name})).toBe(id)
    expect(lines).toEqual([`pulling ${name}`, `pulled ${name}`])
    expect(await prepare({image: name}, {release: 'r2'})).toBe(id)
    expect(lines).toHaveLength(2)
  })

  it.each([
    ['auto', 'latest', false, false],
    ['auto', 'latest', true, true],
    ['auto', '1', true, true],
    ['if-not-present', '1', true, true],
    ['if-not-present', 'latest', false, false],
    ['always', '1', false, true],
    ['never', 'latest', true, false],
  ] as const)('with %s and the tag %s, forced: %s, is asked for again: %s', async (policy, tag, isForced, isAsked) => {
    const {name, id} = await published(tag)
    const local = await bench.image(name)

    const location = await prepare({image: name, pull_policy: policy}, {isForced})

    expect(location).toBe(isAsked ? id : local)
  })

  it.each([
    ['auto', true],
    ['if-not-present', true],
    ['always', false],
  ] as const)('that cannot be asked for again is, with %s, good enough as it is here: %s', async (policy, isTaken) => {
    const tag = `127.0.0.1:1/${bench.name('local')}:1`
    const id = await bench.image(tag)
    const location = await prepare({image: tag, pull_policy: policy}, {isForced: true}).catch(() => undefined)
    expect(location).toBe(isTaken ? id : undefined)
    expect(lines.some((line) => line.startsWith('warning: cannot pull'))).toBe(isTaken)
  })

  it('comes again by its digest when the image of a release was removed and the tag has moved', async () => {
    const {name, id} = await published('1')
    await prepare({image: name})
    await removeImage(bench.engine, id)
    const other = await bench.image(name)
    await pushImage(bench.engine, {image: name, env: {HOME: bench.folder}})

    expect(await prepare({image: name})).toBe(id)
    expect(other).not.toBe(id)
  })

  it('with a digest is exactly that', async () => {
    const name = `${openRegistry}/${bench.name('app')}:1`
    const id = await bench.image(name)
    const {digest} = await pushImage(bench.engine, {image: name, env: {HOME: bench.folder}})
    await removeImage(bench.engine, id)

    expect(await prepare({image: `${name}@${digest}`})).toBe(id)
    const wrong = `${name}@sha256:${'0'.repeat(64)}`
    await expect(prepare({image: wrong}, {release: 'r2'})).rejects.toMatchObject({details: {reason: 'ImagePullError'}})
  })
})

const outside = Object.values(networkInterfaces())
  .flatMap((found) => found ?? [])
  .find(({internal, family}) => !internal && family === 'IPv4')?.address

describe.skipIf(openRegistry === undefined)('a registry', () => {
  // On loopback the Engine does not check certificates.
  it.skipIf(outside === undefined)('whose certificate nobody knows is told apart', async () => {
    const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=test', '-days', '1']
    const [key, cert] = [join(bench.folder, 'key.pem'), join(bench.folder, 'cert.pem')]
    const names = ['-addext', `subjectAltName=IP:${outside}`]
    await promisify(execFile)('openssl', [...words, ...names, '-keyout', key, '-out', cert])
    const server = createServer({key: await readFile(key), cert: await readFile(cert)}, (_, response) => response.end())
    await new Promise<void>((resolve) => server.listen(0, outside, resolve))
    try {
      const image = `${outside}:${(server.address() as AddressInfo).port}/web:1`
      await expect(prepare({image})).rejects.toMatchObject({
        code: 'DEPLOY_FAILED',
        message: expect.stringContaining('is not trusted'),
        hint: expect.stringContaining('/etc/docker/certs.d/'),
      })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it("with a password needs Docker's own credentials", async () => {
    await mkdir(join(bench.folder, '.docker'))
    const auth = Buffer.from(`omni:${PASSWORD}`).toString('base64')
    const config = join(bench.folder, '.docker', 'config.json')
    await writeFile(config, JSON.stringify({auths: {[lockedRegistry ?? '']: {auth}}}))
    const {name, id} = await published('1', lockedRegistry)

    expect(await prepare({image: name})).toBe(id)

    await removeImage(bench.engine, id)
    await writeFile(config, '{}')
    const error = await prepare({image: name}, {release: 'r2'}).catch((thrown) => thrown)
    expect(error).toMatchObject({code: 'DEPLOY_FAILED', hint: `docker login ${lockedRegistry}`})
    expect(error.message).toContain('refuses the credentials')
  })

  it.each([
    ['nothing has that name', `${openRegistry}/no/such:1`, /has no such image/],
    ['nobody listens', '127.0.0.1:1/web:1', /refuses the connection/],
    ['the host is unknown', 'no-such-host.invalid/web:1', /there is no host no-such-host.invalid/],
    ['the name is none', 'Not A Name', /no name of an image/],
  ])('%s: the deploy fails and says so', async (_, image, message) => {
    const error = await prepare({image}).catch((thrown) => thrown)
    expect(error).toMatchObject({code: 'DEPLOY_FAILED', details: {reason: 'ImagePullError'}})
    expect(error.message).toMatch(message)
  })

  it.each([
    [429, /limits how often/],
    [500, /answers with an error of its own/],
    [401, /refuses the credentials/],
  ])('that answers %s is told apart', async (status, message) => {
    await using faulty = await startFaulty(openRegistry ?? '', (_, response) => {
      response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify({errors: []}))
      return true
    })
    await expect(prepare({image: `${faulty.host}/web:1`})).rejects.toThrow(message)
  })

  it('is not waited for after an abort', async () => {
    await using faulty = await startFaulty(openRegistry ?? '', ({url = ''}) => url.includes('/manifests/'))
    const stop = new AbortController()
    const pulling = prepare({image: `${faulty.host}/web:1`}, {signal: stop.signal, onOutput: () => stop.abort()})
    await expect(pulling).rejects.toMatchObject({code: 'ABORTED'})
  })
})

/** An image for another processor, as a file of `docker save` has it. */
async function loadForeign(tag: string): Promise<void> {
  const layer = Buffer.alloc(1024)
  const diff = `sha256:${createHash('sha256').update(layer).digest('hex')}`
  const config = {architecture: 'arm64', os: 'linux', config: {}, rootfs: {type: 'layers', diff_ids: [diff]}}
  const manifest = [{Config: 'config.json', RepoTags: [tag], Layers: ['layer.tar']}]
  const folder = await bench.files({'config.json': JSON.stringify(config), 'manifest.json': JSON.stringify(manifest)})
  await writeFile(join(folder, 'layer.tar'), layer)
  const body = Readable.from(create({cwd: folder, portable: true}, ['.']) as AsyncIterable<Buffer>)
  for await (const _ of await bench.engine.stream('POST', '/images/load', {body}));
}

describe.skipIf(openRegistry === undefined)('a registry', () => {
  it('that has the image only for another processor says so', async () => {
    const name = `${openRegistry}/${bench.name('arm')}`
    bench.forget(`${name}:1`)
    await loadForeign(`${name}:1`)
    const {digest} = await pushImage(bench.engine, {image: `${name}:1`, env: {HOME: bench.folder}})
    await removeImage(bench.engine, `${name}:1`)

    await prepare({image: `${name}:1`})
    expect(lines.at(-1)).toBe(`warning: '${name}:1' is for arm64, and this machine is amd64`)

    const kind = 'application/vnd.docker.distribution.manifest'
    const url = `http://${openRegistry}/v2/${bench.name('arm')}/manifests`
    const size = (await (await fetch(`${url}/1`, {headers: {accept: `${kind}.v2+json`}})).arrayBuffer()).byteLength
    const manifest = {mediaType: `${kind}.v2+json`, size, digest, platform: {architecture: 'arm64', os: 'linux'}}
    const list = {schemaVersion: 2, mediaType: `${kind}.list.v2+json`, manifests: [manifest]}
    const headers = {'content-type': `${kind}.list.v2+json`}
    expect((await fetch(`${url}/many`, {method: 'PUT', headers, body: JSON.stringify(list)})).status).toBe(201)
    await expect(prepare({image: `${name}:many`}, {release: 'r2'})).rejects.toThrow('no variant for this machine')
  })
})

describe.skipIf(dockerHost === undefined)('a build', () => {
  it('of a repository is of the head of its branch, and made once for a commit', async () => {
    const repo = await repository({Dockerfile: dockerfile('COPY . /w'), 'a.txt': 'one'})
    const first = await prepare({build: {repo, branch: 'main'}})
    const again = await prepare({build: {repo, branch: 'main'}}, {release: 'r2'})
    await writeFile(join(repo, 'a.txt'), 'two')
    const head = await commit(repo)
    const second = await prepare({build: {repo, branch: 'main'}}, {release: 'r3'})

    expect(again).toBe(first)
    expect(second).not.toBe(first)
    expect(await prepare({build: {repo, branch: 'main'}})).toBe(first)
    const image = await findImage(bench.engine, `orca-build-${service}:${head.slice(0, 12)}`)
    expect(image?.id).toBe(second)
    expect(lines).toContainEqual(expect.stringMatching(/^Step 2\/\d : COPY . \/w$/))
    expect(JSON.stringify(image?.labels)).not.toContain(repo)
  })

  it('of a repository whose image was removed is made again from the commit of the release', async () => {
    const repo = await repository({Dockerfile: dockerfile('COPY a.txt /'), 'a.txt': 'one'})
    const head = (await git(repo, 'rev-parse', 'HEAD')).stdout.trim()
    await removeImage(bench.engine, await prepare({build: {repo}}))
    await writeFile(join(repo, 'a.txt'), 'two')
    await commit(repo)

    const again = await prepare({build: {repo}})

    expect((await findImage(bench.engine, again))?.tags).toEqual([`orca-build-${service}:${head.slice(0, 12)}`])
  })

  it('takes another Dockerfile and another folder of the repository, with its .dockerignore', async () => {
    const repo = await repository({
      'docker/Web': dockerfile('COPY . /w', 'RUN test ! -e /w/secret && test -e /w/index.html'),
      'web/index.html': 'hi',
      'web/secret': 'x',
      'web/.dockerignore': 'secret',
    })
    await prepare({build: {repo, dockerfile: 'docker/Web', context: 'web'}})
    await expect(prepare({build: {repo, dockerfile: 'docker/Web', context: '.'}}, {release: 'r2'})).rejects.toThrow(
      /RUN test/,
    )
    // What the step before has made; Docker keeps it for the next build.
    const layers = lines.flatMap((line) => /^ ---> ([0-9a-f]{12})$/.exec(line)?.[1] ?? [])
    bench.forget(layers.at(-1) ?? '')
  })

  it('of an archive is made of what is in it', async () => {
    const folder = await bench.files({Dockerfile: dockerfile('COPY a.txt /'), 'a.txt': 'one'})
    const archive = join(bench.folder, 'a.tgz')
    const artifact = await archiveOf(folder, archive)
    const spec = {artifact, build: {dockerfile: 'Dockerfile'}}

    const id = await prepare(spec, {archive})

    expect(await prepare(spec, {archive, release: 'r2'})).toBe(id)
    const tag = `orca-build-${service}:${artifact.slice(7, 19)}`
    expect((await findImage(bench.engine, id))?.tags).toEqual([tag])
    expect(lines.filter((line) => line.startsWith('building'))).toEqual([`building ${tag}`])
    expect(lines).toContain(`${tag} was built before`)
  })
})

describe.skipIf(dockerHost === undefined)('a bad build', () => {
  it('that fails names the step and carries its output', async () => {
    const repo = await repository({Dockerfile: dockerfile('RUN echo almost && exit 3')})
    const error = await prepare({build: {repo}}).catch((thrown) => thrown)
    expect(error).toMatchObject({
      code: 'DEPLOY_FAILED',
      message: "build step 'RUN echo almost && exit 3' failed: it ended with exit 3",
      details: {reason: 'BuildFailed', lastLines: expect.arrayContaining(['almost'])},
    })
  })

  it.each([
    ['a Dockerfile that is none', {Dockerfile: 'NONSENSE'}, {}, /cannot be built|NONSENSE/],
    ['no Dockerfile', {a: ''}, {}, /there is no Dockerfile/],
    ['a context outside', {Dockerfile: dockerfile()}, {context: '../..'}, /leads out/],
    ['a branch that is not there', {Dockerfile: dockerfile()}, {branch: 'nope'}, /no branch or tag 'nope'/],
    ['a branch that is an option', {Dockerfile: dockerfile()}, {branch: '--upload-pack=x'}, /no name of a branch/],
  ])('with %s is refused', async (_, files, build, message) => {
    const repo = await repository(files as Record<string, string>)
    await expect(prepare({build: {repo, ...build}})).rejects.toThrow(message)
  })

  it('ends with an abort', async () => {
    const repo = await repository({Dockerfile: dockerfile('RUN sleep 600')})
    const stop = new AbortController()
    const onOutput = (line: string) => void (line.includes('RUN sleep') && stop.abort())
    await expect(prepare({build: {repo}}, {signal: stop.signal, onOutput})).rejects.toMatchObject({code: 'ABORTED'})
  })
})

describe.skipIf(dockerHost === undefined)('an image that was built', () => {
  it('is removed when no kept release has it', async () => {
    const repo = await repository({Dockerfile: dockerfile('COPY a.txt /'), 'a.txt': bench.name('one')})
    const first = await prepare({build: {repo}})
    await writeFile(join(repo, 'a.txt'), bench.name('two'))
    await commit(repo)
    const second = await prepare({build: {repo}}, {release: 'r2'})
    const foreign = `${bench.name('web')}:1`
    await bench.image(foreign)
    await prepare({image: foreign}, {release: 'r3'})

    await pruneImages(bench.engine, service, ['r2'], {home: bench.folder})

    expect(await findImage(bench.engine, first)).toBeUndefined()
    expect(await findImage(bench.engine, second)).toBeDefined()
    expect(await findImage(bench.engine, foreign)).toBeDefined()
    const commits = await git(join(bench.folder, 'engine', 'builds', service), 'for-each-ref', '--format=%(objectname)')
    expect(commits.stdout).toBe((await git(repo, 'rev-parse', 'HEAD')).stdout)

    await pruneImages(bench.engine, service, [], {home: bench.folder})

    expect(await readdir(join(bench.folder, 'engine', 'builds'))).toEqual([])
    expect(await readdir(join(bench.folder, 'engine', 'images'))).toEqual([])
  })
})
