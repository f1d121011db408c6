import {createPublicKey, type KeyObject, sign} from 'node:crypto'
import {bits, context, contextBytes, objectId, octets, sequence, set, smallInteger} from './der.ts'

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'
const SUBJECT_ALT_NAME = '2.5.29.17'
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'
const DNS_NAME = 2

/** A request (PKCS #10, DER) for the host names, signed by their P-256 key. The names stand where clients look, not in the subject. */
export function certificateRequest(key: KeyObject, hosts: readonly string[]): Buffer {
  const publicKey = createPublicKey(key).export({type: 'spki', format: 'der'})
  const names = hosts.map((host) => contextBytes(DNS_NAME, Buffer.from(host, 'latin1')))
  const extension = sequence(objectId(SUBJECT_ALT_NAME), octets(sequence(...names)))
  const attributes = context(0, sequence(objectId(EXTENSION_REQUEST), set(sequence(extension))))
  const info = sequence(smallInteger(0), sequence(), publicKey, attributes)
  return sequence(info, sequence(objectId(ECDSA_WITH_SHA256)), bits(sign('sha256', info, key)))
}
