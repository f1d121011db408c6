import {chmod, mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {findCredentials, registryAuth, registryConfig} from '../../../src/runtimes/docker/images/credentials.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omni-credentials-'))
})
afterEach(() => rm(folder, {recursive: true, force: true}))

const env = () => ({DOCKER_CONFIG: folder, PATH: `${folder}/bin:${process.env.PATH}`})
const configure = (config: object | string) =>
  writeFile(join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config))

/** A helper that notes how it was called. */
async function helper(name: string, answer: string, exit = 0) {
  await mkdir(join(folder, 'bin'), {recursive: true})
  const file = join(folder, 'bin', `docker-credential-${name}`)
  const script = `#!/bin/sh\necho "$@" >>${folder}/called\ncat >>${folder}/called\necho '${answer}'\nexit ${exit}\n`
  await writeFile(file, script)
  await chmod(file, 0o755)
}

const auth = (user: string, password: string) => ({auth: Buffer.from(`${user}:${password}`).toString('base64')})
const decoded = (header: string): unknown =>
  JSON.parse(Buffer.from(header.replaceAll('-', '+').replaceAll('_', '/'), 'base64').toString('utf8'))

describe('credentials of a registry', () => {
  it('are none without a configuration', async () => {
    expect(await findCredentials('ghcr.io', {env: env()})).toBeUndefined()
    expect(decoded(await registryAuth('ghcr.io', {env: env()}))).toEqual({})
  })

  it.each([
    ['ghcr.io', 'ghcr.io'],
    ['ghcr.io', 'https://ghcr.io'],
    ['ghcr.io', 'https://ghcr.io/v2/'],
    ['docker.io', 'https://index.docker.io/v1/'],
    ['127.0.0.1:5000', '127.0.0.1:5000'],
  ])('of %s are found under %s', async (registry, key) => {
    await configure({auths: {[key]: auth('me', 'pass:word~?>')}})
    expect(await findCredentials(registry, {env: env()})).toEqual({
      username: 'me',
      password: 'pass:word~?>',
      serveraddress: key,
    })
  })

  it('of one registry are not given to another', async () => {
    await configure({auths: {'ghcr.io': auth('me', 'secret')}})
    expect(await findCredentials('ghcr.io.example.com', {env: env()})).toBeUndefined()
    expect(await findCredentials('docker.io', {env: env()})).toBeUndefined()
  })

  it('come from the helper of the registry first, which is asked on stdin and not by an argument', async () => {
    await helper('gcloud', '{"ServerURL":"gcr.io","Username":"_json_key","Secret":"{key}"}')
    await configure({credHelpers: {'gcr.io': 'gcloud'}, auths: {'gcr.io': auth('old', 'old')}})

    const found = await findCredentials('gcr.io', {env: env()})

    expect(found).toEqual({username: '_json_key', password: '{key}', serveraddress: 'gcr.io'})
    expect(await readFile(join(folder, 'called'), 'utf8')).toBe('get\ngcr.io\n')
  })

  it('of Docker Hub are asked for under its old address', async () => {
    await helper('desktop', '{"Username":"<token>","Secret":"refresh"}')
    await configure({credsStore: 'desktop', auths: {'https://index.docker.io/v1/': {}}})

    const found = await findCredentials('docker.io', {env: env()})

    expect(found).toEqual({identitytoken: 'refresh', serveraddress: 'https://index.docker.io/v1/'})
    expect(await readFile(join(folder, 'called'), 'utf8')).toBe('get\nhttps://index.docker.io/v1/\n')
  })

  it('are none when the helper does not know the registry', async () => {
    await helper('pass', 'credentials not found in native keychain', 1)
    await configure({credsStore: 'pass'})
    expect(await findCredentials('ghcr.io', {env: env()})).toBeUndefined()
  })

  it('a helper that fails is named, but not what it printed', async () => {
    await helper('broken', 'the secret is hunter2', 3)
    await configure({credsStore: 'broken'})

    const error = await findCredentials('ghcr.io', {env: env()}).catch((thrown) => thrown)

    expect(error).toMatchObject({code: 'UNAUTHORIZED', message: expect.stringContaining('docker-credential-broken')})
    expect(JSON.stringify(error)).not.toContain('hunter2')
  })

  it.each([['../evil'], ['a b'], ['-x']])('a helper called %j is refused', async (name) => {
    await configure({credsStore: name})
    await expect(findCredentials('ghcr.io', {env: env()})).rejects.toMatchObject({code: 'CONFIG_INVALID'})
  })

  it('a broken configuration is named without its content', async () => {
    await configure('{"auths": {"ghcr.io": {"auth": "c2VjcmV0"}')
    const error = await findCredentials('ghcr.io', {env: env()}).catch((thrown) => thrown)
    expect(error).toMatchObject({code: 'CONFIG_INVALID'})
    expect(`${error.message}${JSON.stringify(error)}`).not.toContain('c2VjcmV0')
  })

  it('of a build are those of the registries it starts from', async () => {
    await configure({
      auths: {
        'ghcr.io': auth('me', 'one'),
        'https://index.docker.io/v1/': auth('me', 'two'),
        'quay.io': auth('me', 'three'),
      },
    })
    const header = await registryConfig(['docker.io', 'ghcr.io'], {env: env()})
    expect(Object.keys(decoded(header) as object).sort()).toEqual(['ghcr.io', 'https://index.docker.io/v1/'])
    expect(header).toMatch(/^[\w=-]+$/)
  })
})

describe('credentials of a broken setup', () => {
  it('of a helper that hangs, and of what it has started, are not waited for', async () => {
    await mkdir(join(folder, 'bin'))
    await writeFile(join(folder, 'bin/docker-credential-hang'), '#!/bin/sh\nsleep 1000\n', {mode: 0o755})
    await configure({credsStore: 'hang'})
    const asked = findCredentials('ghcr.io', {env: env(), helperMs: 200})
    await expect(asked).rejects.toMatchObject({code: 'TIMEOUT'})
  })

  it('are none where the configuration says null', async () => {
    await configure({auths: null, credsStore: null, credHelpers: null})
    expect(await findCredentials('ghcr.io', {env: env()})).toBeUndefined()
  })
})
