import {writeSync} from 'node:fs'
import {OmniError, reasonOf} from '@omni-cli/sdk'

/**
 * Writes to stdout all at once and synchronously, where nothing else will run. A reader that has gone is no error;
 * IO for everything else.
 */
export function print(text: string): void {
  const bytes = Buffer.from(text)
  let written = 0
  while (written < bytes.length) {
    try {
      written += writeSync(1, bytes, written)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      // A pipe that is full for the moment.
      if (code === 'EAGAIN') continue
      if (code === 'EPIPE') return
      throw new OmniError('IO', `cannot write to stdout: ${reasonOf(error)}`, {cause: error})
    }
  }
}
