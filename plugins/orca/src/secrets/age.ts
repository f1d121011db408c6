import {messageOf, OmniError} from '@omni-cli/sdk'

// The library is some hundred kilobytes: it is imported where something is encrypted.
const age = () => import('age-encryption')

const ARMOUR = '-----BEGIN AGE ENCRYPTED FILE-----'
const HEADER = 'age-encryption.org/v1\n'

/** True for an age file, armoured or not. */
export const isAge = (content: Uint8Array): boolean => {
  const start = Buffer.from(content.subarray(0, 256)).toString('latin1')
  return start.startsWith(HEADER) || start.trimStart().startsWith(ARMOUR)
}

/** An age file in ASCII armour that each recipient can open. USAGE for a text that is no recipient. */
export async function encryptFor(recipients: readonly string[], text: string): Promise<string> {
  const {Encrypter, armor} = await age()
  if (recipients.length === 0) throw new OmniError('USAGE', 'there is no recipient to encrypt for')
  const encrypter = new Encrypter()
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient)
    } catch (error) {
      throw new OmniError('USAGE', `'${recipient.slice(0, 80)}' is no age recipient`, {
        hint: 'age-keygen -y FILE tells the recipient of an identity: age1…',
        cause: error,
      })
    }
  }
  return armor.encode(await encrypter.encrypt(text))
}

/** The text of an age file, armoured or not. USAGE when it is none, or no identity opens it; the reason holds no content. */
export async function decryptWith(identities: readonly string[], content: Uint8Array | string): Promise<string> {
  const {Decrypter, armor} = await age()
  const decrypter = new Decrypter()
  for (const identity of identities) {
    try {
      decrypter.addIdentity(identity)
    } catch {
      // The library's message may hold the identity.
      throw new OmniError('USAGE', 'an identity is no age secret key', {hint: 'age-keygen -o FILE makes one'})
    }
  }
  let plain: Uint8Array
  try {
    const bytes = Buffer.from(content)
    const isArmoured = bytes.subarray(0, 256).toString('latin1').trimStart().startsWith(ARMOUR)
    plain = await decrypter.decrypt(isArmoured ? armor.decode(bytes.toString('latin1')) : bytes)
  } catch (error) {
    throw new OmniError('USAGE', `the age file cannot be opened: ${messageOf(error)}`, {cause: error})
  }
  return utf8(plain)
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(bytes)
  } catch (error) {
    throw new OmniError('USAGE', 'what is in the age file is no text', {cause: error})
  }
}

/** A fresh key pair. */
export async function newIdentity(): Promise<{readonly identity: string; readonly recipient: string}> {
  const {generateX25519Identity, identityToRecipient} = await age()
  const identity = await generateX25519Identity()
  return {identity, recipient: await identityToRecipient(identity)}
}

export const recipientOf = async (identity: string): Promise<string> => (await age()).identityToRecipient(identity)

/** Secret keys of a file as `age-keygen` writes it: one a line, comments with `#`. */
export const identitiesIn = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
