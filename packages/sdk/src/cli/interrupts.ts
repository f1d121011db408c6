import {OmniError} from '../errors.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const SHOW_CURSOR = '\u001b[?25h'

export interface Interrupts extends Disposable {
  readonly signal: AbortSignal
  /** Aborts the signal for a reason of our own, without the remark to the user. */
  abort(reason: unknown): void
}

/** From now on the first Ctrl-C, SIGTERM or SIGHUP aborts the signal and a second one ends the process with 130. */
export function trapInterrupts(onFirst: () => void): Interrupts {
  const controller = new AbortController()
  let isAsked = false
  const onSignal = () => {
    if (isAsked) {
      if (process.stderr.isTTY) process.stderr.write(SHOW_CURSOR)
      process.exit(130)
    }
    isAsked = true
    onFirst()
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
