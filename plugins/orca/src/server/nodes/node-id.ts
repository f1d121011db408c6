const MASK = (1n << 64n) - 1n
const rotl = (value: bigint, bits: bigint): bigint => ((value << bits) | (value >> (64n - bits))) & MASK

type State = [bigint, bigint, bigint, bigint]

function round([v0, v1, v2, v3]: State): State {
  let a = (v0 + v1) & MASK
  let b = rotl(v1, 13n) ^ a
  a = rotl(a, 32n)
  let c = (v2 + v3) & MASK
  let d = rotl(v3, 16n) ^ c
  a = (a + d) & MASK
  d = rotl(d, 21n) ^ a
  c = (c + b) & MASK
  b = rotl(b, 17n) ^ c
  c = rotl(c, 32n)
  return [a, b, c, d]
}

/**
 * The u64 that Orca gives a node of this name, as decimal digits: SipHash-1-3 with a zero key over the bytes and 0xff.
 * A name that is digits already is its own id.
 */
export function nodeIdOf(name: string): string {
  if (/^\d{1,20}$/.test(name) && BigInt(name) <= MASK) return String(BigInt(name))
  const bytes = Buffer.concat([Buffer.from(name), Buffer.from([0xff])])
  const padded = Buffer.alloc(Math.floor(bytes.length / 8) * 8 + 8)
  bytes.copy(padded)
  padded[padded.length - 1] = bytes.length & 0xff
  let state: State = [0x736f6d6570736575n, 0x646f72616e646f6dn, 0x6c7967656e657261n, 0x7465646279746573n]
  for (let offset = 0; offset < padded.length; offset += 8) {
    const word = padded.readBigUInt64LE(offset)
    state[3] ^= word
    state = round(state)
    state[0] ^= word
  }
  state[2] ^= 0xffn
  for (let index = 0; index < 3; index++) state = round(state)
  return String(state[0] ^ state[1] ^ state[2] ^ state[3])
}
