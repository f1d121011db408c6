/** As much of DER (X.690) as a certificate request needs. */

const SEQUENCE = 0x30
const SET = 0x31

export const sequence = (...parts: readonly Buffer[]): Buffer => tagged(SEQUENCE, ...parts)
export const set = (...parts: readonly Buffer[]): Buffer => tagged(SET, ...parts)
/** A constructed part with a number of its context. */
export const context = (number: number, ...parts: readonly Buffer[]): Buffer => tagged(0xa0 | number, ...parts)
/** A part with a number of its context that holds plain bytes. */
export const contextBytes = (number: number, content: Buffer): Buffer => tagged(0x80 | number, content)
export const octets = (content: Buffer): Buffer => tagged(0x04, content)
export const bits = (content: Buffer): Buffer => tagged(0x03, Buffer.from([0]), content)
/** 0 to 127. */
export const smallInteger = (value: number): Buffer => tagged(0x02, Buffer.from([value]))

/** `1.2.840.10045.4.3.2`. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

export function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content])
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length]
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return [0x80 | bytes.length, ...bytes]
}

function base128(value: number): number[] {
  const bytes = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift((rest % 128) | 0x80)
  return bytes
}
