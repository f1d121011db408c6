import {messageOf, OmniError} from '../errors.ts'

/** One attempt from here may take this long. */
const ATTEMPT_MS = 3_000

/** Why a port of the machine does not accept connections; undefined when it does. */
export async function tcpProblem(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  const {connect} = await import('node:net')
  const {promise, resolve} = Promise.withResolvers<string | undefined>()
  const socket = connect({host, port, signal}, () => resolve(undefined))
  socket.setTimeout(ATTEMPT_MS, () => resolve(`${host}:${port} does not answer`))
  socket.on('error', (error) => resolve(`${host}:${port}: ${messageOf(error)}`))
  return promise.finally(() => socket.destroy())
}

/** Why an address does not answer with 200–399; undefined when it does. Certificates of machines are not judged. */
export async function httpProblem(url: string, signal: AbortSignal): Promise<string | undefined> {
  const isTls = url.startsWith('https:')
  const {request} = isTls ? await import('node:https') : await import('node:http')
  const {promise, resolve} = Promise.withResolvers<string | undefined>()
  const asked = request(url, {signal, agent: false, ...(isTls ? {rejectUnauthorized: false} : {})}, (response) => {
    const status = response.statusCode ?? 0
    resolve(status >= 200 && status < 400 ? undefined : `${url} answers ${status}`)
    response.destroy()
  })
  asked.setTimeout(ATTEMPT_MS, () => asked.destroy(new Error('no answer')))
  asked.on('error', (error) => resolve(`${url}: ${messageOf(error)}`))
  asked.end()
  return promise
}

/**
 * Address of an HTTP probe: `:8080/health`, `/health` (port 80) and `https://:8443/x` mean the machine, a whole URL itself.
 * MANIFEST_INVALID when it is none of them.
 */
export function probeUrl(probe: string, address: string): string {
  const host = address.includes(':') ? `[${address}]` : address
  const match = /^(?:(https?):\/\/)?(:\d{1,5})?(\/\S*)?$/.exec(probe)
  const [, scheme = 'http', port = '', path = '/'] = match ?? []
  const url = match === null || probe === '' ? probe : `${scheme}://${host}${port}${path}`
  if (/^https?:/.test(url) && URL.canParse(url)) return url
  throw new OmniError('MANIFEST_INVALID', `wait.http '${probe}' is no address like :8080/health`)
}
