import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {serviceSpec} from '@omni-cli/sdk'
import {afterEach, describe, expect, it} from 'vitest'
import {createAttempt} from '../../src/server/probes/attempt.ts'

const opened: {close(): unknown}[] = []
afterEach(() => {
  for (const server of opened.splice(0)) server.close()
})

async function listen(answer: (url: string) => string | undefined): Promise<string> {
  const server = createServer(({url = ''}, response) => {
    const location = answer(url)
    if (location !== undefined) response.writeHead(302, {location})
    response.end()
  }).listen(0, '127.0.0.1')
  opened.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A probe is asked of the replica itself, whatever the spec or the replica says. */
describe('a probe', () => {
  it.each(['/', '//other.test/', '/\\other.test', '/@other.test/'])(
    'of the path %s asks the replica and nobody else',
    async (path) => {
      const asked: string[] = []
      const elsewhere = await listen((url) => void asked.push(`elsewhere ${url}`))
      const address = await listen((url) => {
        asked.push(url)
        return `http://${elsewhere}/secret`
      })
      const instance = {
        id: 'i',
        service: 'web',
        index: 0,
        release: 'r1',
        state: 'running',
        startedAt: '',
        address,
      } as const
      const attempt = createAttempt({exec: async () => ({exitCode: 0, output: ''})}, instance)
      const probe = {
        ...({name: 'readiness', intervalMs: 10, timeoutMs: 1000, failureThreshold: 1, initialDelayMs: 0} as const),
        target: {kind: 'http', path, port: undefined} as const,
      }
      expect(await attempt(probe, new AbortController().signal)).toBeUndefined()
      expect(asked).toEqual([path])
    },
  )

  it.each(['http://169.254.169.254/', 'file:///etc/passwd', '169.254.169.254', 'unix:/run/docker.sock'])(
    'of %s is no path, and no service has it',
    (path) => {
      const input = {name: 'web', image: 'nginx', port: 80}
      expect(serviceSpec.safeParse({...input, health: path}).success).toBe(false)
      expect(serviceSpec.safeParse({...input, readiness: {path}}).success).toBe(false)
    },
  )
})
