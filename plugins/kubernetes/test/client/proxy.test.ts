import {createServer} from 'node:http'
import {describe, expect, it} from 'vitest'
import {proxyOf} from '../../src/client/proxy.ts'
import {json, listen, openTestClient, startApi, urlOf} from './api-server.ts'

const HTTPS_PROXY = 'http://proxy:3128'

describe('the proxy of a server', () => {
  it.each([
    ['https://kube.example.com', {HTTPS_PROXY}, HTTPS_PROXY],
    ['https://kube.example.com', {https_proxy: 'low:1', HTTPS_PROXY}, 'http://low:1'],
    ['http://kube.example.com', {HTTPS_PROXY}, undefined],
    ['https://127.0.0.1:6443', {HTTPS_PROXY}, undefined],
    ['https://[::1]:6443', {HTTPS_PROXY}, undefined],
    ['https://kube.example.com', {HTTPS_PROXY, NO_PROXY: 'example.com'}, undefined],
    ['https://kube.example.com', {HTTPS_PROXY, NO_PROXY: 'other, .example.com'}, undefined],
    ['https://kube.example.com', {HTTPS_PROXY, NO_PROXY: 'ample.com'}, HTTPS_PROXY],
    ['https://kube.example.com:6443', {HTTPS_PROXY, NO_PROXY: 'kube.example.com:443'}, HTTPS_PROXY],
    ['https://kube.example.com:6443', {HTTPS_PROXY, no_proxy: 'kube.example.com:6443'}, undefined],
    ['https://10.1.2.3', {HTTPS_PROXY, NO_PROXY: '10.0.0.0/8'}, undefined],
    ['https://11.1.2.3', {HTTPS_PROXY, NO_PROXY: '10.0.0.0/8'}, HTTPS_PROXY],
    ['https://[fd00::1]', {HTTPS_PROXY, NO_PROXY: 'fd00::/8'}, undefined],
    ['https://kube', {HTTPS_PROXY, NO_PROXY: '*'}, undefined],
  ])('%s with %j is %s', (server, env, expected) => {
    expect(proxyOf(server, env)).toBe(expected)
  })
})

describe('a proxy of the kubeconfig', () => {
  it('gets what is meant for the server', async () => {
    await using api = await startApi((_, response) => json(response, {gitVersion: 'v1.20.2'}))
    const seen: string[] = []
    const proxy = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`)
      json(response, {gitVersion: 'v9.9.9'})
    })
    await listen(proxy)
    try {
      await using lab = await openTestClient(api.url, {access: {proxy: urlOf(proxy)}})

      expect(await lab.client.version()).toBe('v9.9.9')
      expect(seen).toEqual([`GET ${api.url}/version`])
      expect(api.requests).toEqual([])
    } finally {
      proxy.closeAllConnections()
      proxy.close()
    }
  })
})
