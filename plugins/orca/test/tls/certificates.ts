import {generateKeyPairSync, randomBytes, sign} from 'node:crypto'
import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {
  bits,
  context,
  contextBytes,
  objectId,
  octets,
  sequence,
  set,
  smallInteger,
  tagged,
} from '../../src/server/tls/acme/der.ts'

export interface Pair {
  readonly cert: string
  readonly key: string
}

const DAY_MS = 86_400_000

/** A self-signed certificate, valid from yesterday for 90 days. */
export function selfSigned(
  hosts: readonly string[],
  {notBefore = new Date(Date.now() - DAY_MS), notAfter = new Date(Date.now() + 90 * DAY_MS)} = {},
): Pair {
  const {publicKey, privateKey} = generateKeyPairSync('ec', {namedCurve: 'P-256'})
  const algorithm = sequence(objectId('1.2.840.10045.4.3.2'))
  const name = sequence(set(sequence(objectId('2.5.4.3'), tagged(0x0c, Buffer.from(hosts[0] ?? 'x')))))
  const names = sequence(...hosts.map((host) => contextBytes(2, Buffer.from(host))))
  const serial = tagged(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)]))
  const info = sequence(
    context(0, smallInteger(2)),
    serial,
    algorithm,
    name,
    sequence(time(notBefore), time(notAfter)),
    name,
    publicKey.export({type: 'spki', format: 'der'}),
    context(3, sequence(sequence(objectId('2.5.29.17'), octets(names)))),
  )
  const certificate = sequence(info, algorithm, bits(sign('sha256', info, privateKey)))
  return {
    cert: pem('CERTIFICATE', certificate),
    key: String(privateKey.export({type: 'pkcs8', format: 'pem'})),
  }
}

/** Writes a pair and says where. */
export function writePair(folder: string, name: string, pair: Pair) {
  mkdirSync(folder, {recursive: true})
  const files = {certFile: join(folder, `${name}.cert.pem`), keyFile: join(folder, `${name}.key.pem`)}
  writeFileSync(files.certFile, pair.cert)
  writeFileSync(files.keyFile, pair.key, {mode: 0o600})
  return files
}

const time = (date: Date): Buffer =>
  tagged(0x18, Buffer.from(`${date.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`))

const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n')}\n-----END ${label}-----\n`
