import {writeSync} from 'node:fs'
import {OmniError} from '../errors.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const SHOW_CURSOR = '\u001b[?25h'

export interface Interrupts extends Disposable {
  readonly signal: AbortSignal
  /** Aborts the signal for a reason of our own, without the remark to the user. */
  abort(reason: unknown): void
}

/** From now on the first Ctrl-C, SIGTERM or SIGHUP aborts the signal and a second one ends the process with 130. */
export function trapInterrupts(): Interrupts {
  const controller = new AbortController()
  let isAsked = false
  const onSignal = () => {
    if (isAsked) {
      if (process.stderr.isTTY) sayNow(SHOW_CURSOR)
      process.exit(130)
    }
    isAsked = true
    sayNow('interrupted, stopping; press Ctrl-C again to stop at once\n')
    controller.abort(new OmniError('ABORTED', 'interrupted'))
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    [Symbol.dispose]() {
      for (const name of SIGNALS) process.off(name, onSignal)
    },
  }
}

/** Past the stream, which a progress display holds back. */
function sayNow(text: string): void {
  try {
    writeSync(process.stderr.fd, text)
  } catch {
    // Nobody reads it: the terminal has gone, and the signal says so.
  }
}
