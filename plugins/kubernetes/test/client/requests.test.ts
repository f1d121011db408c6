import {describe, expect, it} from 'vitest'
import {warningsIn} from '../../src/client/warnings.ts'
import {json, openTestClient, PODS, pod, refusal, startApi} from './api-server.ts'

describe('a request', () => {
  it('that comes too often is sent again when the server says so', async () => {
    let answers = 0
    await using api = await startApi((_, response) => {
      if (++answers <= 2) json(response, refusal(429, 'TooManyRequests', 'slow down'), 429, {'retry-after': '0'})
      else json(response, {gitVersion: 'v1.33.1'})
    })
    await using lab = await openTestClient(api.url)

    expect(await lab.client.version()).toBe('v1.33.1')
    expect(api.requests).toHaveLength(3)
  })

  it('that changes something is sent again after 429, too', async () => {
    let answers = 0
    await using api = await startApi((_, response) => {
      if (++answers === 1) json(response, {}, 503, {'retry-after': '0'})
      else json(response, pod('a', '1'))
    })
    await using lab = await openTestClient(api.url)

    expect(await lab.client.create(PODS, pod('a', ''))).toMatchObject({metadata: {name: 'a'}})
    expect(api.requests).toHaveLength(2)
  })

  it('for the output of a pod is sent again, too', async () => {
    let answers = 0
    await using api = await startApi((_, response) => {
      if (++answers === 1) json(response, {}, 429, {'retry-after': '0'})
      else response.end('hello\n')
    })
    await using lab = await openTestClient(api.url)

    const chunks: unknown[] = []
    for await (const chunk of await lab.client.logs({namespace: 'team', name: 'a'})) chunks.push(chunk)
    expect(chunks.join('')).toBe('hello\n')
  })

  it('waits as long as the server asks, and others with it', async () => {
    const times: number[] = []
    await using api = await startApi((_, response) => {
      times.push(Date.now())
      if (times.length === 1) json(response, {}, 429, {'retry-after': '1'})
      else json(response, {})
    })
    await using lab = await openTestClient(api.url)

    await lab.client.request({method: 'GET', path: '/a'})
    await lab.client.request({method: 'GET', path: '/b'})

    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990)
  })
})

describe('a request that gets no answer', () => {
  it('that only reads goes on over a cut connection', async () => {
    let answers = 0
    await using api = await startApi((request, response) => {
      if (++answers === 1) request.socket.destroy()
      else json(response, {gitVersion: 'v1.20.2'})
    })
    await using lab = await openTestClient(api.url)

    expect(await lab.client.version()).toBe('v1.20.2')
  })

  it('that changes something is not repeated when its answer is lost', async () => {
    await using api = await startApi((request) => request.socket.destroy())
    await using lab = await openTestClient(api.url)

    await expect(lab.client.create(PODS, pod('a', ''))).rejects.toMatchObject({code: 'UNAVAILABLE'})
    expect(api.requests).toHaveLength(1)
  })

  it('with credentials that are over is sent once more with new ones', async () => {
    await using api = await startApi((request, response) => {
      if (request.headers.authorization === 'Bearer new') json(response, {gitVersion: 'v1.20.2'})
      else json(response, refusal(401, 'Unauthorized', 'Unauthorized'), 401)
    })
    const credentials = async ({fresh}: {fresh: boolean}) => ({
      headers: {authorization: `Bearer ${fresh ? 'new' : 'old'}`},
    })
    await using lab = await openTestClient(api.url, {access: {credentials}})

    expect(await lab.client.version()).toBe('v1.20.2')
  })

  it('with credentials that stay wrong is not sent again', async () => {
    await using api = await startApi((_, response) => json(response, refusal(401, 'Unauthorized', 'Unauthorized'), 401))
    await using lab = await openTestClient(api.url)

    await expect(lab.client.version()).rejects.toMatchObject({code: 'UNAUTHORIZED'})
    expect(api.requests).toHaveLength(1)
  })

  it('that is aborted ends as ABORTED', async () => {
    await using api = await startApi(() => undefined)
    await using lab = await openTestClient(api.url)
    const signal = AbortSignal.timeout(50)

    await expect(lab.client.version({signal})).rejects.toMatchObject({code: 'ABORTED'})
  })

  it('to what is no API server says so', async () => {
    await using api = await startApi((_, response) => response.end('<html>'))
    await using lab = await openTestClient(api.url)

    await expect(lab.client.version()).rejects.toThrow(/no JSON: is this an API server/)
  })
})

describe('remarks of the server', () => {
  it('are told one by one', async () => {
    await using api = await startApi((_, response) => {
      response.setHeader('warning', ['299 - "unknown field \\"spec.x\\""', '299 kube "two, still two"'])
      json(response, pod('a', '1'))
    })
    await using lab = await openTestClient(api.url)
    const told: string[] = []

    await lab.client.apply(PODS, pod('a', ''), {onWarning: (text) => told.push(text)})

    expect(told).toEqual(['unknown field "spec.x"', 'two, still two'])
  })

  it('are made safe to print', () => {
    expect(warningsIn({warning: '299 - "\u001b[31mred"'})).toEqual(['\\e[31mred'])
  })
})

describe('a protected context', () => {
  it('sends nothing that would change something, but questions and dry runs', async () => {
    await using api = await startApi((_, response) => json(response, pod('a', '1')))
    await using lab = await openTestClient(api.url, {isProtected: true})
    const {client} = lab
    const place = {kind: PODS, name: 'a'}

    for (const refused of [
      () => client.create(PODS, pod('a', '')),
      () => client.apply(PODS, pod('a', '')),
      () => client.patch(place, {}),
      () => client.remove(place),
      () => client.exec({namespace: 'team', name: 'a'}, ['sh']),
      () => client.attach({namespace: 'team', name: 'a'}),
    ]) {
      await expect(refused()).rejects.toMatchObject({code: 'FORBIDDEN', message: expect.stringContaining('protected')})
    }
    expect(api.requests).toEqual([])

    await using _ = await client.forward({namespace: 'team', name: 'a'}, {local: 0, remote: 80})
    await client.apply(PODS, pod('a', ''), {dryRun: true})
    await client.get(place)
    await client.request({method: 'POST', path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body: {}})
    expect(api.requests[0]).toBe('PATCH /api/v1/namespaces/team/pods/a?fieldManager=omni&dryRun=All')
    expect(api.requests).toHaveLength(3)
  })
})

describe('a dry run', () => {
  it('of a removal says so in its body, which is all that the server reads', async () => {
    const bodies: unknown[] = []
    await using api = await startApi(async (request, response) => {
      bodies.push(JSON.parse((await request.toArray()).join('')))
      json(response, {})
    })
    await using lab = await openTestClient(api.url)

    await lab.client.remove({kind: PODS, name: 'a'}, {dryRun: true, propagation: 'orphan'})
    await lab.client.request({method: 'DELETE', path: '/api/v1/nodes/n'}, {dryRun: true})

    expect(bodies).toMatchObject([
      {kind: 'DeleteOptions', propagationPolicy: 'Orphan', dryRun: ['All']},
      {kind: 'DeleteOptions', dryRun: ['All']},
    ])
  })
})
