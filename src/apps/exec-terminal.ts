import type {ExecOptions, ExecTerminal} from '@omni-cli/sdk'
import type {ExecSurroundings} from './exec.ts'

export interface OpenTerminal extends Disposable {
  readonly options: Required<Pick<ExecOptions, 'stdin' | 'onStdout' | 'terminal'>>
}

const DEFAULT_SIZE = {columns: 80, rows: 24}

/**
 * Our terminal as that of the program: every key goes there, also Ctrl-C. It is as it was before at the end, however
 * this process ends (but for SIGKILL).
 */
export function openTerminal({stdin, stdout}: Pick<ExecSurroundings, 'stdin' | 'stdout'>): OpenTerminal {
  const wasRaw = stdin.isRaw
  const restore = () => void stdin.setRawMode(wasRaw)
  process.once('exit', restore)
  stdin.setRawMode(true)
  const terminal: ExecTerminal = {
    size: sizeOf(stdout),
    onResize(listener) {
      const tell = () => listener(sizeOf(stdout))
      stdout.on('resize', tell)
      return () => void stdout.off('resize', tell)
    },
  }
  const onStdout = (chunk: Buffer) => new Promise<void>((resolve) => void stdout.write(chunk, () => resolve()))
  return {
    options: {stdin, onStdout, terminal},
    [Symbol.dispose]() {
      process.off('exit', restore)
      restore()
      stdin.pause()
    },
  }
}

const sizeOf = ({columns, rows}: NodeJS.WriteStream) => ({
  columns: columns || DEFAULT_SIZE.columns,
  rows: rows || DEFAULT_SIZE.rows,
})
