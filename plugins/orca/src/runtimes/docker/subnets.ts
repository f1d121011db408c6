import {readFile} from 'node:fs/promises'

/** `10.210.0.0/24` to `10.219.255.0/24`: 2560 networks of 254 addresses, beside those that Docker uses by itself. */
const FIRST = ipNumber(10, 210, 0, 0)
const COUNT = 10 * 256
const SIZE = 256

export interface Route {
  readonly first: number
  readonly last: number
}

/** Subnets that no route of this machine touches, from a random one on, so that two who look do not meet. */
export async function freeSubnets(): Promise<string[]> {
  const routes = parseRoutes(await readFile('/proc/net/route', 'utf8').catch(() => ''))
  const start = Math.floor(Math.random() * COUNT)
  const all = Array.from({length: COUNT}, (_, at) => FIRST + ((start + at) % COUNT) * SIZE)
  return all.filter((first) => !routes.some((route) => first <= route.last && first + SIZE > route.first)).map(toText)
}

/** The kernel's table of IPv4 routes; the default route is everywhere and does not count. */
export function parseRoutes(table: string): Route[] {
  const rows = table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
  return rows.flatMap(([, destination = '', , , , , , mask = '']) => {
    if (!/^[0-9A-F]{8}$/i.test(destination) || !/^[0-9A-F]{8}$/i.test(mask) || mask === '00000000') return []
    const first = fromKernel(destination)
    return [{first, last: first + (2 ** 32 - 1 - fromKernel(mask))}]
  })
}

/** Hexadecimal, last byte first. */
function fromKernel(hex: string): number {
  const [d = 0, c = 0, b = 0, a = 0] = [...Buffer.from(hex, 'hex')]
  return ipNumber(a, b, c, d)
}

function ipNumber(a: number, b: number, c: number, d: number): number {
  return ((a * 256 + b) * 256 + c) * 256 + d
}

const toText = (first: number): string =>
  `${[2 ** 24, 2 ** 16, 2 ** 8].map((unit) => Math.floor(first / unit) % 256).join('.')}.0/24`
