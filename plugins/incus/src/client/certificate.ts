import {generateKeyPairSync, randomBytes, sign} from 'node:crypto'

const ECDSA_WITH_SHA384 = '1.2.840.10045.4.3.3'
const COMMON_NAME = '2.5.4.3'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const DAY_MS = 86_400_000
const VALID_DAYS = 3_650

/** A new P-384 key and a certificate that it has signed itself (X.509, for clients alone), both in PEM. */
export function createCertificate(name: string, now: Date): string {
  const {privateKey, publicKey} = generateKeyPairSync('ec', {namedCurve: 'P-384'})
  const algorithm = sequence(objectId(ECDSA_WITH_SHA384))
  const subject = sequence(set(sequence(objectId(COMMON_NAME), tagged(0x0c, Buffer.from(name)))))
  // A clock that is a little behind must not make it a certificate of the future.
  const validity = sequence(time(new Date(now.getTime() - DAY_MS)), time(new Date(now.getTime() + VALID_DAYS * DAY_MS)))
  const usage = sequence(objectId(EXTENDED_KEY_USAGE), tagged(0x04, sequence(objectId(CLIENT_AUTH))))
  const content = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    subject,
    validity,
    subject,
    publicKey.export({type: 'spki', format: 'der'}),
    tagged(0xa3, sequence(usage)),
  )
  const signature = tagged(0x03, Buffer.from([0]), sign('sha384', content, privateKey))
  const base64 = sequence(content, algorithm, signature).toString('base64')
  const lines = base64.match(/.{1,64}/g) ?? []
  const certificate = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
  return `${certificate}${privateKey.export({type: 'pkcs8', format: 'pem'})}`
}

// As much of DER (X.690) as that needs.

const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, ...parts)
const set = (...parts: readonly Buffer[]): Buffer => tagged(0x31, ...parts)
/** Positive as long as the first bit is 0. */
const integer = (bytes: Buffer): Buffer => tagged(0x02, bytes)

/** Years from 2050 on have a form of their own, as RFC 5280 wants it. */
function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
  return date.getUTCFullYear() < 2050 ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits))
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = rest.flatMap((value) => {
    const groups = [value & 0x7f]
    for (let left = value >> 7; left > 0; left >>= 7) groups.unshift(0x80 | (left & 0x7f))
    return groups
  })
  return tagged(0x06, Buffer.from([first * 40 + second, ...bytes]))
}

function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const {length} = content
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}
