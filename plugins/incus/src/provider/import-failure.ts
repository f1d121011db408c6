import {OmniError} from '@omni-cli/sdk'

const DAMAGED = /unexpected (eof|end of file)|compressed data|crc error|\btar: .*(not recoverable|child returned)/i

/** Incus judges the beginning of a file before it unpacks: whether such an answer is about the file. */
export const isAboutFile = (text: string): boolean => DAMAGED.test(text) || /unsupported compression/i.test(text)

/** The error that what Incus says of a backup file stands for; for one that is cut off or damaged, IO and what to do. */
export function importFailure(name: string, text: string): OmniError {
  const message = `'${name}' could not be made of the file: ${text}`
  if (/no space left/i.test(text)) return new OmniError('IO', message, {hint: 'free some space: incus storage list'})
  if (DAMAGED.test(text)) {
    return new OmniError('IO', `'${name}' could not be made of the file, which is cut off or damaged: ${text}`, {
      hint: 'copy the file again, or export the instance anew',
    })
  }
  // The path of a pool is in what every program says that failed.
  if (/\b(profile|pool|network)\b.*(not found|doesn't exist)/i.test(text)) return new OmniError('NOT_FOUND', message)
  return new OmniError(/backup|tar|gzip|compression|yaml|index/i.test(text) ? 'USAGE' : 'UNAVAILABLE', message)
}
