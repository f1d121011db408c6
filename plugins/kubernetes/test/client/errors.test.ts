import {describe, expect, it} from 'vitest'
import {connectionFailure} from '../../src/client/connection-failure.ts'
import {statusFailure} from '../../src/client/status-failure.ts'
import {openTestClient, refusal} from './api-server.ts'

const request = {method: 'GET', path: '/apis/apps/v1/namespaces/team/deployments/web'} as const

describe('a refusal of the server', () => {
  it.each([
    [400, 'INVALID'],
    [401, 'UNAUTHORIZED'],
    [403, 'FORBIDDEN'],
    [404, 'NOT_FOUND'],
    [405, 'UNSUPPORTED'],
    [409, 'CONFLICT'],
    [410, 'UNAVAILABLE'],
    [413, 'INVALID'],
    [422, 'INVALID'],
    [429, 'UNAVAILABLE'],
    [500, 'UNAVAILABLE'],
    [503, 'UNAVAILABLE'],
  ])('with status %i is %s, in its own words', (status, code) => {
    const error = statusFailure(request, status, JSON.stringify(refusal(status, 'Why', 'these are its words')))

    expect(error).toMatchObject({code, details: {status, reason: 'Why'}})
    expect(error.message).toContain('these are its words')
  })

  it('tells each field that is wrong', () => {
    const causes = [{reason: 'FieldValueRequired', message: 'Required value', field: 'spec.template'}]
    const error = statusFailure(request, 422, JSON.stringify(refusal(422, 'Invalid', 'no', {causes})))

    expect(error.details).toMatchObject({causes})
  })

  it('of server-side apply tells who owns which field', () => {
    const causes = [
      {reason: 'FieldManagerConflict', message: 'conflict with "kubectl" using apps/v1', field: '.spec.replicas'},
      {reason: 'FieldManagerConflict', message: 'conflict with "hpa"', field: '.spec.paused'},
    ]
    const error = statusFailure(request, 409, JSON.stringify(refusal(409, 'Conflict', 'Apply failed', {causes})))

    expect(error.message).toBe(
      "deployments 'web' is managed by others too: 'kubectl' owns .spec.replicas, 'hpa' owns .spec.paused",
    )
    expect(error.details).toMatchObject({
      conflicts: [
        {manager: 'kubectl', field: '.spec.replicas'},
        {manager: 'hpa', field: '.spec.paused'},
      ],
    })
  })

  it('of an admission webhook is about the content', () => {
    const message = 'admission webhook "isvc.ome.io" denied the request: model not found'

    expect(statusFailure(request, 403, JSON.stringify(refusal(403, 'Forbidden', message))).code).toBe('INVALID')
  })

  it('of what is too large for the store is about the content', () => {
    expect(statusFailure(request, 500, JSON.stringify(refusal(500, '', 'etcdserver: request is too large'))).code).toBe(
      'INVALID',
    )
  })

  it('that is no Status shows its text without control characters and secrets', () => {
    const error = statusFailure(request, 502, 'bad \u001b[2J gateway: authorization: Bearer abc.def.ghi')

    expect(error.message).toBe('bad \\e[2J gateway: authorization: ***')
  })

  it('without words names the request', () => {
    expect(statusFailure(request, 403, 'Forbidden').message).toBe(`forbidden: GET ${request.path}`)
    expect(statusFailure(request, 500, '').message).toBe('the API server answered 500')
  })
})

describe('an answer', () => {
  it.each([
    [302, 'UNAVAILABLE'],
    [401, 'UNAUTHORIZED'],
    [403, 'FORBIDDEN'],
    [404, 'UNAVAILABLE'],
    [409, 'UNAVAILABLE'],
    [502, 'UNAVAILABLE'],
  ])('that is a page with %i is no word of an API server: %s', (status, code) => {
    const error = statusFailure(request, status, '\n<!DOCTYPE html><html><h1>Not Found</h1>')

    expect(error.code).toBe(code)
    expect(error.message).toContain(`${status} with a page: is this an API server?`)
    expect(error.message).not.toContain('<')
  })

  it('of a pod, through the proxy of the server, is what it says', () => {
    const path = '/api/v1/namespaces/team/pods/web:8080/proxy/'

    expect(statusFailure({method: 'GET', path}, 404, '<h1>no such page</h1>')).toMatchObject({
      code: 'NOT_FOUND',
      message: '<h1>no such page</h1>',
    })
  })
})

describe('a connection that fails', () => {
  it.each([
    ['ECONNREFUSED', 'UNAVAILABLE', 'nothing listens there'],
    ['ENOTFOUND', 'UNAVAILABLE', 'host name is not known'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'UNAUTHORIZED', 'certificate-authority'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'UNAUTHORIZED', 'tls-server-name'],
    ['CERT_HAS_EXPIRED', 'UNAUTHORIZED', 'expired'],
    ['CERT_NOT_YET_VALID', 'UNAUTHORIZED', 'not valid yet'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'UNAUTHORIZED', 'wants a client certificate'],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'UNAUTHORIZED', 'client certificate of the kubeconfig: it has expired'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'UNAUTHORIZED', 'does not accept the client certificate'],
  ])('with %s is %s and says why', (code, expected, reason) => {
    const error = connectionFailure('https://kube', Object.assign(new Error('x'), {code}))

    expect(error.code).toBe(expected)
    expect(error.message).toContain(reason)
  })
})

it('a failure of OpenSSL is told without the names of its files', () => {
  const text =
    '40AD:error:0A000410:SSL routines:ssl3_read_bytes:handshake failure:../deps/openssl/rec.c:918:SSL alert\n'

  expect(connectionFailure('https://kube', new Error(text)).message).toBe(
    'the API server at https://kube does not answer: handshake failure',
  )
})

describe('a certificate that is none', () => {
  it('is told as such, before anything is sent', async () => {
    const pem = '-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n'
    const credentials = async () => ({headers: {}, cert: pem, key: pem})
    await using lab = await openTestClient('https://127.0.0.1:1', {access: {credentials}})

    await expect(lab.client.version()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('a certificate or key of the kubeconfig cannot be used'),
    })
  })
})
