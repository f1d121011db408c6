import {mkdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {pushImage} from '../../../src/runtimes/docker/images/push.ts'
import {type Bench, lockedRegistry, openBench, openRegistry, PASSWORD, startFaulty} from './support.ts'

let bench: Bench
beforeEach(async () => {
  bench = await openBench()
})
afterEach(() => bench[Symbol.asyncDispose]())

const push = (image: string, options: {registry?: string; tag?: string; onProgress?: (text: string) => void} = {}) =>
  pushImage(bench.engine, {image, env: {...process.env, HOME: bench.folder}, ...options})

async function local(): Promise<{name: string; tag: string; id: string}> {
  const name = bench.name('web')
  const id = await bench.image(`${name}:1`)
  return {name, tag: `${name}:1`, id}
}

async function manifestDigest(host: string, name: string, tag: string): Promise<string | null> {
  const headers = {accept: 'application/vnd.docker.distribution.manifest.v2+json'}
  const answer = await fetch(`http://${host}/v2/${name}/manifests/${tag}`, {method: 'HEAD', headers})
  return answer.headers.get('docker-content-digest')
}

describe.skipIf(openRegistry === undefined)('push', () => {
  it('ends with the digest that the registry has, and counts the layers that went', async () => {
    const {name, tag, id} = await local()
    const registry = `${openRegistry}/acme`
    bench.forget(`${registry}/${name}:1`)
    const seen: string[] = []

    const first = await push(tag, {registry, onProgress: (text) => void seen.push(text)})
    const second = await push(tag, {registry})

    expect(first).toMatchObject({reference: `${registry}/${name}:1`, id, layers: 2, architecture: 'amd64'})
    expect(first.digest).toBe(await manifestDigest(openRegistry ?? '', `acme/${name}`, '1'))
    expect(first.sentBytes).toBeGreaterThan(0)
    expect(seen.at(-1)).toContain('2 of 2 layers')
    expect(second).toMatchObject({digest: first.digest, layersPresent: 2, sentBytes: 0})
  })

  it('takes another tag', async () => {
    const {name, tag} = await local()
    bench.forget(`${openRegistry}/${name}:stable`)
    const {reference} = await push(tag, {registry: openRegistry ?? '', tag: 'stable'})
    expect(reference).toBe(`${openRegistry}/${name}:stable`)
  })

  it('of an image that is not there names the nearest', async () => {
    const {name, tag} = await local()
    await expect(push(`${name}:2`)).rejects.toMatchObject({code: 'NOT_FOUND', message: expect.stringContaining(tag)})
    await expect(push(name)).rejects.toThrow(`there is ${tag}`)
  })

  it('with a password works by a helper, and without one says what to do', async () => {
    const {name, tag} = await local()
    bench.forget(`${lockedRegistry}/${name}:1`)
    const denied = await push(tag, {registry: lockedRegistry ?? ''}).catch((error) => error)
    expect(denied).toMatchObject({code: 'UNAUTHORIZED', hint: `docker login ${lockedRegistry}`})

    await mkdir(join(bench.folder, 'bin'))
    await mkdir(join(bench.folder, '.docker'))
    const answer = JSON.stringify({Username: 'omni', Secret: PASSWORD})
    const file = join(bench.folder, 'bin', 'docker-credential-omnitest')
    await writeFile(file, `#!/bin/sh\ncat >/dev/null\necho '${answer}'\n`, {mode: 0o755})
    const config = {credHelpers: {[lockedRegistry ?? '']: 'omnitest'}}
    await writeFile(join(bench.folder, '.docker', 'config.json'), JSON.stringify(config))
    const env = {HOME: bench.folder, PATH: `${bench.folder}/bin:${process.env.PATH}`}
    const pushed = await pushImage(bench.engine, {image: tag, registry: lockedRegistry, env})
    expect(pushed.digest).toMatch(/^sha256:/)
  })
})

describe.skipIf(openRegistry === undefined)('a push', () => {
  it('through a connection that breaks in the middle succeeds when the Engine gets through in the end', async () => {
    const {name, tag} = await local()
    let broken = 0
    await using faulty = await startFaulty(openRegistry ?? '', (request) => {
      if (request.method !== 'PATCH' || broken > 0) return false
      broken++
      request.socket.destroy()
      return true
    })
    bench.forget(`${faulty.host}/${name}:1`)
    const {digest} = await push(tag, {registry: faulty.host})
    expect(digest).toBe(await manifestDigest(openRegistry ?? '', name, '1'))
    expect(broken).toBe(1)
  })

  it.each([
    [429, 'UNAVAILABLE', /limits how often/],
    [401, 'UNAUTHORIZED', /refuses the credentials/],
    [403, 'UNAUTHORIZED', /refuses the credentials/],
  ])('that the registry answers with %s at the manifest fails', async (status, code, message) => {
    const {name, tag} = await local()
    await using faulty = await startFaulty(openRegistry ?? '', (request, response) => {
      if (request.method !== 'PUT' || !request.url?.includes('/manifests/')) return false
      const text = {429: 'TOOMANYREQUESTS', 401: 'UNAUTHORIZED', 403: 'DENIED'}[status]
      const errors = [{code: text, message: text?.toLowerCase()}]
      response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify({errors}))
      return true
    })
    bench.forget(`${faulty.host}/${name}:1`)
    const error = await push(tag, {registry: faulty.host}).catch((thrown) => thrown)
    expect(error).toMatchObject({code})
    expect(error.message).toMatch(message)
  })

  it("whose tag is somebody else's afterwards is no success", async () => {
    const {name, tag} = await local()
    const other = `${openRegistry}/${name}:2`
    await bench.image(other)
    const {digest} = await push(other)
    await using faulty = await startFaulty(openRegistry ?? '', (request, response) => {
      if (request.method !== 'HEAD' || !request.url?.includes('/manifests/1')) return false
      response.writeHead(200, {
        'docker-content-digest': digest,
        'content-type': 'application/vnd.docker.distribution.manifest.v2+json',
        'content-length': '100',
      })
      response.end()
      return true
    })
    bench.forget(`${faulty.host}/${name}:1`)
    await expect(push(tag, {registry: faulty.host})).rejects.toMatchObject({code: 'CONFLICT'})
  })

  it('to nobody is refused with the address', async () => {
    const {name, tag} = await local()
    bench.forget(`127.0.0.1:1/${name}:1`)
    await expect(push(tag, {registry: '127.0.0.1:1'})).rejects.toThrow('127.0.0.1:1 refuses the connection')
  })
})
