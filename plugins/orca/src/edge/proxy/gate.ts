import {Refusal} from '../http/refusal.ts'
import type {RequestHead} from '../http/request-head.ts'
import type {Certificates} from './certificates.ts'
import type {Origin} from './origin.ts'
import {hostName} from './routes.ts'

/** What the shared listeners answer themselves, before any service is asked. */
export interface GateRules {
  /** Answers of ACME's http-01 by token. */
  readonly challenges: ReadonlyMap<string, string>
  readonly certificates: Certificates
  /** Port of the open TLS listener; undefined = there is none to send clients to. */
  readonly httpsPort: number | undefined
}

const CHALLENGE_PATH = '/.well-known/acme-challenge/'
const TOKEN = /^[A-Za-z0-9_-]+$/

/** Refusal with the answer, when the request is not for a service. */
export function passGate(request: RequestHead, origin: Origin, rules: GateRules): void {
  const {target, host} = request
  if (target.startsWith(CHALLENGE_PATH)) {
    const token = target.slice(CHALLENGE_PATH.length).split('?', 1)[0] ?? ''
    const body = rules.challenges.get(token)
    if (body !== undefined) throw new Refusal(200, 'challenge', {body})
    // A token that is not ours may be one of the service's own; anything else is somebody looking for files.
    if (!TOKEN.test(token)) throw new Refusal(404, 'no such challenge')
    return
  }
  if (origin.isHttps || rules.httpsPort === undefined || host === undefined) return
  const name = hostName(host)
  if (!rules.certificates.isRedirected(name)) return
  const port = rules.httpsPort === 443 ? '' : `:${rules.httpsPort}`
  const path = target === '*' ? '/' : target
  throw new Refusal(308, 'this host is served over https', {location: `https://${name}${port}${path}`})
}
