/** A network in numbers: the address without its host bits, and how many bits it has. */
interface Range {
  readonly base: number
  readonly bits: number
}

/** Shorter prefixes are ways out (`0.0.0.0/0`, the two halves of a VPN), not networks in use. */
const SHORTEST_IN_USE = 4

/**
 * Address and prefix of a bridge in a /24 that no route and no interface of this machine touches: `10.151.0.1/24`.
 * Nothing is asked over the network: where a proxy answers for everybody, each subnet would seem to be in use.
 * @param used networks as `10.0.0.0/8`
 * @returns undefined when all private ranges are taken
 */
export function freeSubnet(used: readonly string[]): string | undefined {
  const taken = used.flatMap((text) => rangeOf(text) ?? []).filter(({bits}) => bits >= SHORTEST_IN_USE)
  const isFree = (base: number) => !taken.some((range) => overlap(range, {base, bits: 24}))
  for (const base of candidates()) {
    if (isFree(base)) return `${textOf(base + 1)}/24`
  }
  return undefined
}

/** Whether two networks share an address. The ways out of a machine overlap nothing. */
export function overlapping(one: string, other: string): boolean {
  const [a, b] = [rangeOf(one), rangeOf(other)]
  return a !== undefined && b !== undefined && Math.min(a.bits, b.bits) >= SHORTEST_IN_USE && overlap(a, b)
}

/** Seldom used ones first: 10.151–250, then 172.16–31, then 192.168. */
function* candidates(): Generator<number> {
  for (let second = 151; second <= 250; second++) yield numberOf([10, second, 0, 0])
  for (let second = 31; second >= 16; second--) {
    for (let third = 0; third < 256; third += 16) yield numberOf([172, second, third, 0])
  }
  for (let third = 255; third >= 0; third--) yield numberOf([192, 168, third, 0])
}

/** `10.0.0.0/8` → numbers; undefined for IPv6 and what is no network. */
function rangeOf(text: string): Range | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(text)
  if (match === null) return undefined
  const bits = Number(match[5] ?? 32)
  const base = numberOf(match.slice(1, 5).map(Number))
  return {base: maskTo(base, bits), bits}
}

const overlap = (a: Range, b: Range): boolean => {
  const bits = Math.min(a.bits, b.bits)
  return maskTo(a.base, bits) === maskTo(b.base, bits)
}

const maskTo = (address: number, bits: number): number => {
  const size = 2 ** (32 - bits)
  return Math.floor(address / size) * size
}

const numberOf = (parts: readonly number[]): number => parts.reduce((sum, part) => sum * 256 + part, 0)

const textOf = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')

/** `/proc/net/route` → networks: addresses there are hexadecimal, the lowest byte first. */
export function routesIn(text: string): string[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const words = line.trim().split(/\s+/)
      const [base, mask] = [fromHex(words[1]), fromHex(words[7])]
      if (base === undefined || mask === undefined) return []
      const bits = [...mask.toString(2)].filter((bit) => bit === '1').length
      return [`${textOf(base)}/${bits}`]
    })
}

function fromHex(word: string | undefined): number | undefined {
  if (word === undefined || !/^[0-9A-F]{8}$/i.test(word)) return undefined
  return numberOf((word.match(/../g) ?? []).toReversed().map((byte) => Number.parseInt(byte, 16)))
}
