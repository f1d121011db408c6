import {OmniError} from '../errors.ts'
import {reasonOf} from '../io/files.ts'

/** Exit status of a program that a closed pipe ended (128 + SIGPIPE), as a shell reports it. */
export const CLOSED_PIPE_EXIT = 141

/** stdout as the commands use it: honours back-pressure, remembers the first failure and fails every call after it. */
export interface Output {
  /** IO when stdout cannot be written. */
  write(text: string): Promise<void>
  /** Resolves when everything has left the process. */
  flush(): Promise<void>
  /** True once something was written. */
  readonly isUsed: boolean
  /** What went wrong first, as a system error. */
  readonly failure: NodeJS.ErrnoException | undefined
}

const ignoreError = (): void => undefined

/**
 * @param onFailure called once, so that a command that streams can be ended
 */
export function openOutput(stream: NodeJS.WriteStream, onFailure: (error: Error) => void): Output {
  // oclif's listener throws what is not EPIPE out of the event loop, past every catch; each failure is in our callback.
  if (!stream.listeners('error').includes(ignoreError)) stream.removeAllListeners('error').on('error', ignoreError)
  let failure: NodeJS.ErrnoException | undefined
  let isUsed = false

  const send = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      if (failure !== undefined) return reject(outputError(failure))
      stream.write(text, (error) => {
        if (error === undefined || error === null) return resolve()
        if (failure === undefined) {
          failure = error
          onFailure(outputError(error))
        }
        reject(outputError(failure))
      })
    })

  return {
    write(text) {
      isUsed = true
      return send(text)
    },
    flush: () => send(''),
    get isUsed() {
      return isUsed
    },
    get failure() {
      return failure
    },
  }
}

const outputError = (error: Error): OmniError =>
  new OmniError('IO', `cannot write to stdout: ${reasonOf(error)}`, {cause: error})
