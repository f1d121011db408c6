import {escapeTerminal} from './escape.ts'
import type {Logger} from './log.ts'
import {redact} from './redact.ts'

/** Writes `HH:MM:SS.mmm message {fields}` to stderr, without secrets and on one line each. */
export const stderrLogger = (secrets: readonly string[] = []): Logger => ({
  debug(message, fields) {
    const time = new Date().toISOString().slice(11, 23)
    const rest = fields === undefined ? '' : ` ${JSON.stringify(redact(fields, secrets))}`
    process.stderr.write(`${time} ${escapeTerminal(message + rest)}\n`)
  },
})
