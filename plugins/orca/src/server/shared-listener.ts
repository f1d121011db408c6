import {isIP} from 'node:net'
import {OmniError} from '@omni-cli/sdk'
import type {EdgeTable} from '../edge/table.ts'
import {isPortFree} from './ports.ts'
import type {SettingStore} from './store/settings.ts'

type Listener = EdgeTable['http']

const DEFAULT: Listener = {bind: '127.0.0.1', port: 8080}
const FIRST_SECURE_PORT = 8443
const KEY = 'edge.http'
const SECURE_KEY = 'edge.https'

export interface SharedListener {
  address(): Listener
  /** Takes another port, unless the address was wished for. */
  replace(): Promise<void>
}

/**
 * The shared HTTP listener: the wish (`host:port`), else the address used before, else 127.0.0.1:8080 or the next free
 * port. CONFIG_INVALID when the wish is no address.
 */
export async function chooseSharedListener(settings: SettingStore, wish: string | undefined): Promise<SharedListener> {
  const wished = wish === undefined || wish === '' ? undefined : parseListener(wish, 'OMNI_EDGE_HTTP=127.0.0.1:8080')
  const stored = settings.get(KEY)
  const take = async (from: Listener): Promise<Listener> => {
    const chosen = await nextFree(from)
    settings.set(KEY, textOf(chosen))
    return chosen
  }
  let current = wished ?? (stored === undefined ? await take(DEFAULT) : parseListener(stored))
  return {
    address: () => current,
    async replace() {
      if (wished === undefined) current = await take({bind: current.bind, port: current.port + 1})
    },
  }
}

/**
 * The shared listener with TLS: the wish (`host:port`), else 443 beside a plain one on 80, else the address used before;
 * undefined when it must be chosen. CONFIG_INVALID when the wish is no address.
 */
export function knownSecureListener(
  settings: SettingStore,
  wish: string | undefined,
  plain: Listener,
): Listener | undefined {
  if (wish !== undefined && wish !== '') return parseListener(wish, 'OMNI_EDGE_HTTPS=127.0.0.1:8443')
  if (plain.port === 80) return {bind: plain.bind, port: 443}
  const stored = settings.get(SECURE_KEY)
  return stored === undefined ? undefined : parseListener(stored)
}

/** 8443 or the next free port, where the plain listener is bound; the same from then on. */
export async function chooseSecureListener(settings: SettingStore, plain: Listener): Promise<Listener> {
  const chosen = await nextFree({bind: plain.bind, port: FIRST_SECURE_PORT})
  settings.set(SECURE_KEY, textOf(chosen))
  return chosen
}

/** Proxies in front of ours: addresses and networks with commas between. CONFIG_INVALID for anything else. */
export function parseTrustedProxies(text: string | undefined): string[] {
  const entries = (text ?? '').split(',').map((entry) => entry.trim())
  const proxies = entries.filter((entry) => entry !== '')
  for (const entry of proxies) {
    if (isNetwork(entry)) continue
    throw new OmniError('CONFIG_INVALID', `'${entry}' is no address or network of a proxy`, {
      hint: 'OMNI_TRUSTED_PROXIES=10.0.0.0/8,192.168.1.1 omni server start',
    })
  }
  return proxies
}

function isNetwork(entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/')
  const longest = isIP(address) === 4 ? 32 : 128
  const isLength = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest)
  return isIP(address) !== 0 && isLength && rest.length === 0
}

async function nextFree(from: Listener): Promise<Listener> {
  for (let port = from.port; port < from.port + 100; port++) {
    if (await isPortFree(port, from.bind)) return {bind: from.bind, port}
  }
  return from
}

const textOf = ({bind, port}: Listener): string => (bind.includes(':') ? `[${bind}]:${port}` : `${bind}:${port}`)

function parseListener(text: string, example = ''): Listener {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port < 1 || port > 65_535) {
    throw new OmniError('CONFIG_INVALID', `'${text}' is no address for the proxy`, {
      hint: `${example} omni server start`,
    })
  }
  return {bind: match[1] ?? (match[2] || DEFAULT.bind), port}
}
