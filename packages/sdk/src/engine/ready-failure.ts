import type {InstanceProvider} from '../contracts/instance-provider.ts'

/** What is told beside the message. */
interface Facts {
  readonly hint?: string | undefined
  readonly lastLines?: readonly string[] | undefined
  /** Errors that cloud-init itself tells. */
  readonly errors?: readonly string[] | undefined
}

/** A machine that cannot become ready any more. The message goes on after its name. */
export class NotReady extends Error {
  readonly facts: Facts

  constructor(message: string, facts: Facts = {}) {
    super(message)
    this.facts = facts
  }
}

/** Lines of the console that are shown. */
const CONSOLE_LINES = 10
const CONSOLE_MS = 2_000

/** The end of what the backend keeps of the console; nothing where it keeps none or does not answer soon. */
export async function consoleLines(
  provider: InstanceProvider,
  name: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  if (provider.logs === undefined) return []
  const bounds = [AbortSignal.timeout(CONSOLE_MS), ...(signal === undefined ? [] : [signal])]
  const lines: string[] = []
  try {
    for await (const {text} of provider.logs.read(name, {tail: CONSOLE_LINES, signal: AbortSignal.any(bounds)})) {
      lines.push(text)
    }
  } catch {
    // It is a help to the reader and not worth an error of its own.
  }
  return lines.slice(-CONSOLE_LINES)
}
