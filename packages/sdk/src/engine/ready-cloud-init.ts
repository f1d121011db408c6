/** What a run of `cloud-init status` inside a machine tells. */
export type CloudInitVerdict =
  | {readonly state: 'done'; readonly warnings: readonly string[]}
  | {readonly state: 'failed'; readonly errors: readonly string[]}
  | {readonly state: 'pending'; readonly seen: string}
  /** There is no cloud-init in the image. */
  | {readonly state: 'absent'}

export interface CloudInitAnswer {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Lines of a log that are worth showing. */
const SHOWN_LINES = 20

/**
 * Judges `cloud-init status --wait`, with or without `--format json`. 0 is done, 1 an error, 2 done with errors that it got
 * over; anything else, and an answer that tells no status, is an early boot: ask again.
 */
export function judgeCloudInit({exitCode, stdout, stderr}: CloudInitAnswer): CloudInitVerdict {
  if (exitCode === 126 || exitCode === 127) return {state: 'absent'}
  const told = parseStatus(stdout)
  const status = told?.status ?? ''
  if (status === 'error') return {state: 'failed', errors: told?.errors ?? []}
  if (status.startsWith('disabled')) return {state: 'failed', errors: ['cloud-init is turned off in the image']}
  const isDone = status === 'done' || status.includes('degraded')
  if (exitCode === 0 && (isDone || told === undefined)) return {state: 'done', warnings: []}
  if (exitCode === 2 && isDone) {
    return {state: 'done', warnings: [...(told?.warnings ?? []), ...(told?.errors ?? [])]}
  }
  const lastLine = stderr.trim().split('\n').at(-1) ?? ''
  return {state: 'pending', seen: status === '' ? lastLine || `cloud-init ended with ${exitCode}` : `status ${status}`}
}

/** Programs before 22.3 know no `--format`. */
export const knowsNoFormat = ({exitCode, stderr}: CloudInitAnswer): boolean =>
  exitCode === 2 && stderr.includes('unrecognized arguments')

interface Told {
  readonly status: string
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

/** JSON after the dots of `--wait`, or the text form `status: done`. */
function parseStatus(stdout: string): Told | undefined {
  const json = stdout.slice(stdout.indexOf('{'), stdout.lastIndexOf('}') + 1)
  const told = json === '' ? undefined : parseObject(json)
  if (told !== undefined && typeof told.status === 'string') {
    return {status: told.status, errors: texts(told.errors), warnings: recovered(told.recoverable_errors)}
  }
  const status = /^\.*status: (.+)$/m.exec(stdout)?.[1]
  return status === undefined ? undefined : {status: status.trim(), errors: [], warnings: []}
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])

/** `{WARNING: ["…"], ERROR: ["…"]}`. */
const recovered = (value: unknown): string[] => (isObject(value) ? Object.values(value).flatMap(texts) : [])

/** Of `/var/log/cloud-init-output.log` what leads up to the last failure; without one, its end. */
export function failingLines(log: string): string[] {
  const lines = log.split('\n').filter((line) => line.trim() !== '')
  const last = lines.findLastIndex((line) => /\b(fail(ed|ure)?|error|traceback|exception)\b/i.test(line))
  const end = last === -1 ? lines.length : last + 1
  return lines.slice(Math.max(0, end - SHOWN_LINES), end)
}
