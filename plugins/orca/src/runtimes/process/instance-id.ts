import {randomBytes} from 'node:crypto'

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz'
const ID = /^([a-z][a-z0-9-]*)-(\d+)-([0-9a-z]{8})$/

export interface InstanceIdParts {
  readonly service: string
  readonly index: number
  /** The random part; it marks the lines of this instance in the log of its replica. */
  readonly tag: string
}

/** `<service>-<index>-<8 random characters>`: never given twice. */
export function newInstanceId(service: string, index: number): string {
  const tag = Array.from(randomBytes(8), (byte) => ALPHABET[byte % ALPHABET.length]).join('')
  return `${service}-${index}-${tag}`
}

/** Undefined when the text is no id of this runtime. */
export function parseInstanceId(id: string): InstanceIdParts | undefined {
  const [, service, index, tag] = ID.exec(id) ?? []
  if (service === undefined || index === undefined || tag === undefined) return undefined
  return {service, index: Number(index), tag}
}
