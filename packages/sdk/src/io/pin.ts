import type {Agent, AgentOptions} from 'node:https'
import type {TLSSocket} from 'node:tls'
import {OmniError} from '../errors.ts'

const HANDSHAKE_TIMEOUT_MS = 10_000

/** `AB:CD…`, `abcd…` or a certificate in PEM → the SHA-256 fingerprint as lower hex digits. */
export function fingerprintOf(pin: string): string {
  if (!pin.includes('-----BEGIN')) return pin.replaceAll(':', '').toLowerCase()
  const {X509Certificate} = process.getBuiltinModule('node:crypto')
  return fingerprintOf(new X509Certificate(pin).fingerprint256)
}

/**
 * Connections to servers that show one certain certificate, whoever signed it and for whatever host and time. Nothing is
 * sent over a connection before that is known; another certificate is UNAUTHORIZED, with its fingerprint in the details.
 */
export function pinnedAgent(options: AgentOptions, pin: string): Agent {
  const {Agent: HttpsAgent} = process.getBuiltinModule('node:https')
  const expected = fingerprintOf(pin)
  // A resumed session does not show its certificate.
  const agent = new HttpsAgent({...options, maxCachedSessions: 0})
  const connect = agent.createConnection
  agent.createConnection = (request, done) => {
    // Authority, host and time are not asked: the certificate itself is compared.
    const socket = connect.call(agent, {...request, rejectUnauthorized: false}) as TLSSocket
    const settle = (error: Error | null) => {
      socket.off('error', settle).off('secureConnect', compare).off('timeout', expire).setTimeout(0)
      if (error !== null) socket.destroy()
      done?.(error, socket)
    }
    const compare = () => settle(mismatch(socket, expected))
    const expire = () => settle(new Error('no connection within 10s'))
    socket.setTimeout(HANDSHAKE_TIMEOUT_MS)
    socket.on('error', settle).on('secureConnect', compare).on('timeout', expire)
    return undefined
  }
  return agent
}

function mismatch(socket: TLSSocket, expected: string): OmniError | null {
  const found = fingerprintOf(socket.getPeerX509Certificate()?.fingerprint256 ?? '')
  if (found === expected) return null
  return new OmniError('UNAUTHORIZED', `the server shows another certificate than the pinned one: ${found || 'none'}`, {
    details: {expected, found},
  })
}
