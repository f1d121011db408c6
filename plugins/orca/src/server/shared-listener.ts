import {OmniError} from '@omni-cli/sdk'
import type {EdgeTable} from '../edge/table.ts'
import {isPortFree} from './ports.ts'
import type {SettingStore} from './store/settings.ts'

type Listener = EdgeTable['http']

const DEFAULT: Listener = {bind: '127.0.0.1', port: 8080}
const KEY = 'edge.http'

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
  const wished = wish === undefined || wish === '' ? undefined : parseListener(wish)
  const stored = settings.get(KEY)
  const take = async (from: Listener): Promise<Listener> => {
    const chosen = await nextFree(from)
    settings.set(KEY, `${chosen.bind}:${chosen.port}`)
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

async function nextFree(from: Listener): Promise<Listener> {
  for (let port = from.port; port < from.port + 100; port++) {
    if (await isPortFree(port, from.bind)) return {bind: from.bind, port}
  }
  return from
}

function parseListener(text: string): Listener {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port < 1 || port > 65_535) {
    throw new OmniError('CONFIG_INVALID', `'${text}' is no address for the proxy`, {
      hint: 'OMNI_EDGE_HTTP=127.0.0.1:8080 omni server start',
    })
  }
  return {bind: match[1] ?? (match[2] || DEFAULT.bind), port}
}
