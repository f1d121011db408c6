import {OmniError} from '@omni-cli/sdk'

/** Where the API listens over TCP. Without an explicit port the next free one after the default is taken. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
  readonly isExplicit: boolean
}

export const DEFAULT_LISTEN: ListenAddress = {host: '127.0.0.1', port: 6880, isExplicit: false}

/** `host:port`, `[::1]:port` or `:port` (all addresses). USAGE otherwise. */
export function parseListen(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    throw new OmniError('USAGE', `'${text}' is no address to listen on`, {hint: 'write host:port, e.g. 127.0.0.1:6880'})
  }
  return {host: match[1] ?? (match[2] || '::'), port, isExplicit: true}
}

/** True when only programs of this machine can reach the host. */
export const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)
