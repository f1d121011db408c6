import {OmniError} from '@omni-cli/sdk'
import * as z from 'zod/mini'

const statusWire = z.object({
  status: z.optional(z.string()),
  message: z.optional(z.string()),
  reason: z.optional(z.string()),
  details: z.optional(
    z.object({
      causes: z.optional(z.array(z.object({reason: z.optional(z.string()), message: z.optional(z.string())}))),
    }),
  ),
})

export interface ProgramEnd {
  readonly exitCode: number
  /** Why it was not started. */
  readonly note?: string | undefined
}

/**
 * What the error channel of an exec says about the end of its program. 126 and 127, as a shell has them, for a program that
 * cannot be started. UNAVAILABLE when the runtime failed otherwise, or the text is no Status.
 */
export function readEnd(text: string): ProgramEnd {
  const {status, message = '', details} = parse(text)
  if (status === 'Success') return {exitCode: 0}
  const exitCode = Number(details?.causes?.find(({reason}) => reason === 'ExitCode')?.message ?? Number.NaN)
  if (Number.isInteger(exitCode)) return {exitCode}
  const note = shortened(message)
  if (/permission denied|is a directory|exec format error/i.test(message)) return {exitCode: 126, note}
  if (/executable file not found|no such file or directory/i.test(message)) return {exitCode: 127, note}
  throw new OmniError('UNAVAILABLE', `the program could not be run: ${message || text.slice(0, 300)}`)
}

/** Every layer between us and the container puts a name in front: only what the last one says is of use. */
const shortened = (message: string): string => /exec: ("[^"]*": .*?)(?:: unknown)?$/.exec(message)?.[1] ?? message

function parse(text: string): z.output<typeof statusWire> {
  try {
    return statusWire.parse(JSON.parse(text))
  } catch (cause) {
    throw new OmniError(
      'UNAVAILABLE',
      `the end of the program was told in a way that is not known: ${text.slice(0, 300)}`,
      {
        cause,
      },
    )
  }
}
