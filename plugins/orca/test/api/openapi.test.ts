import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {z} from 'zod'
import {ACCESS} from '../../src/server/api/access.ts'
import {mountedRoutes} from './mounted.ts'
import {serveApi} from './serve.ts'

let api: Awaited<ReturnType<typeof serveApi>>
// biome-ignore lint/suspicious/noExplicitAny: any JSON
let document: any
beforeAll(async () => {
  api = await serveApi()
  api.control.certificateStates = [
    {host: 'a.test', source: 'files', notAfter: '2030-01-01T00:00:00.000Z'},
    {host: 'b.test', source: 'acme', lastError: 'the ACME server says: no', nextTry: '2026-01-01T00:01:00.000Z'},
    {host: 'localhost', source: 'none', reason: 'no public name'},
  ]
  document = (await api.call('GET', '/api/v1/openapi.json', {token: ''})).json
})
afterAll(() => api.close())

const operations = () =>
  Object.entries<Record<string, Record<string, unknown>>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      route: `${method.toUpperCase()} ${path.replace(/\{([a-z_]+)\}/g, ':$1')}`,
      operation,
    })),
  )

describe('the description of the API', () => {
  it('has exactly the mounted routes, with the role that each needs', () => {
    expect(
      operations()
        .map(({route}) => route)
        .sort(),
    ).toEqual(mountedRoutes(api.app).sort())
    for (const {route, operation} of operations())
      expect([route, operation['x-role']]).toEqual([route, ACCESS[route]?.role])
  })

  it('is OpenAPI 3.1: every reference leads somewhere, every operation has its own id and an answer', () => {
    expect(document).toMatchObject({
      openapi: expect.stringMatching(/^3\.1\./),
      info: {title: 'omni server', version: '1.2.3'},
    })
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? '')
    expect(refs.length).toBeGreaterThan(50)
    for (const ref of refs) {
      expect(ref).toMatch(/^#\/components\/schemas\//)
      expect(Object.keys(document.components.schemas)).toContain(ref.split('/').at(-1))
    }
    const ids = operations().map(({operation}) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const {route, operation} of operations()) {
      expect([route, Object.keys(operation.responses ?? {}).length > 0]).toEqual([route, true])
      for (const [, name] of route.matchAll(/:([a-z_]+)/g)) {
        expect(operation.parameters).toContainEqual(expect.objectContaining({name, in: 'path', required: true}))
      }
    }
  })

  it('names the fields of a service', () => {
    const {properties, required} = document.components.schemas.ServiceSpec
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(['image', 'replicas', 'deploy', 'placement']))
    expect(required).toEqual(['name'])
  })

  it('tells no secret and needs no token', async () => {
    expect((await api.call('GET', '/api/v1/openapi.json', {token: ''})).status).toBe(200)
  })
})

/** The schema of an answer as a check of its own. */
function schemaOf(route: string, status: number, type: string) {
  const operation = operations().find((one) => one.route === route)?.operation
  // biome-ignore lint/suspicious/noExplicitAny: any JSON
  const schema = (operation?.responses as any)?.[status]?.content?.[type]?.schema
  if (schema === undefined) throw new Error(`${route} has no answer ${status} of ${type}`)
  return z.fromJSONSchema({...inline(schema), $defs: inline(document.components.schemas)})
}

const inline = (value: unknown) => JSON.parse(JSON.stringify(value).replaceAll('#/components/schemas/', '#/$defs/'))

describe('answers of a server', () => {
  const web = {name: 'web', image: 'nginx:alpine', port: 80, project: 'shop', resources: {memory: '64Mi'}}
  const calls: [route: string, path: string, body?: unknown, headers?: Record<string, string>][] = [
    ['GET /api/v1/health', '/api/v1/health'],
    ['GET /api/v1/version', '/api/v1/version'],
    ['GET /api/v1/certificates', '/api/v1/certificates'],
    ['POST /api/v1/deploy', '/api/v1/deploy', {services: [web]}],
    ['GET /api/v1/status', '/api/v1/status'],
    ['GET /api/v1/services', '/api/v1/services'],
    ['GET /api/v1/services/:name', '/api/v1/services/web'],
    ['GET /api/v1/services/:name', '/api/v1/services/ghost'],
    ['GET /api/v1/services/:name/releases', '/api/v1/services/web/releases'],
    ['GET /api/v1/services/:name/log-sources', '/api/v1/services/web/log-sources'],
    ['POST /api/v1/services/:name/scale', '/api/v1/services/web/scale', {replicas: 2}],
    ['POST /api/v1/services/:name/restart', '/api/v1/services/web/restart'],
    [
      'POST /api/v1/services/:name/restart',
      '/api/v1/services/web/restart',
      undefined,
      {accept: 'application/vnd.omni+json'},
    ],
    ['POST /api/v1/webhooks', '/api/v1/webhooks', {repo: 'a/b', service_name: 'web', secret: 's'}],
    ['POST /api/v1/webhooks', '/api/v1/webhooks', {repo: 'a/b', service_name: 'web'}],
    ['GET /api/v1/webhooks', '/api/v1/webhooks'],
    ['GET /api/v1/webhooks/:id/invocations', '/api/v1/webhooks/web/invocations'],
    ['DELETE /api/v1/webhooks/:id', '/api/v1/webhooks/web'],
    ['DELETE /api/v1/webhooks/:id', '/api/v1/webhooks/web'],
    ['POST /api/v1/cluster/register', '/api/v1/cluster/register', {node_id: 7, address: 'worker:1'}],
    ['POST /api/v1/cluster/heartbeat', '/api/v1/cluster/heartbeat', {node_id: 7}],
    ['POST /api/v1/cluster/nodes/:node_id/drain', '/api/v1/cluster/nodes/7/drain'],
    ['POST /api/v1/cluster/nodes/:node_id/drain', '/api/v1/cluster/nodes/8/drain'],
    ['GET /api/v1/cluster/info', '/api/v1/cluster/info'],
    ['POST /api/v1/tokens', '/api/v1/tokens', {name: 'ci', role: 'viewer'}],
    ['POST /api/v1/tokens', '/api/v1/tokens', {name: 'ci', role: 'viewer'}],
    ['GET /api/v1/tokens', '/api/v1/tokens'],
    ['POST /api/v1/tokens/:id/rotate', '/api/v1/tokens/ci/rotate'],
    ['DELETE /api/v1/tokens/:id', '/api/v1/tokens/ci'],
    ['GET /api/v1/audit', '/api/v1/audit'],
    ['DELETE /api/v1/services/:name', '/api/v1/services/web'],
    ['DELETE /api/v1/projects/:project', '/api/v1/projects/shop'],
    ['POST /api/v1/stop', '/api/v1/stop'],
    ['POST /api/v1/shutdown', '/api/v1/shutdown'],
  ]

  it('are as described', async () => {
    for (const [route, path, body, headers] of calls) {
      const [method = ''] = route.split(' ')
      const answer = await api.call(method, path, {body, ...(headers === undefined ? {} : {headers})})
      const result = schemaOf(route, answer.status, 'application/json').safeParse(answer.json)
      expect({route, status: answer.status, issues: result.error?.issues ?? []}).toEqual({
        route,
        status: answer.status,
        issues: [],
      })
    }
  })

  it('a description that did not fit would be noticed', () => {
    expect(schemaOf('GET /api/v1/status', 200, 'application/json').safeParse({services: []}).success).toBe(false)
  })

  it('in lines are as described', async () => {
    const answer = await api.call('POST', '/api/v1/services', {body: web})
    const schema = schemaOf('POST /api/v1/services', 200, 'application/x-ndjson')
    for (const line of answer.text.trim().split('\n')) expect(schema.safeParse(JSON.parse(line)).error).toBeUndefined()
    const events = await api.call('GET', '/api/v1/events?follow=false', {headers: {accept: 'application/x-ndjson'}})
    const event = schemaOf('GET /api/v1/events', 200, 'application/x-ndjson')
    for (const line of events.text.trim().split('\n')) expect(event.safeParse(JSON.parse(line)).error).toBeUndefined()
  })
})
