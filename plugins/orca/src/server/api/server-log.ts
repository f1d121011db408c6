import {escapeTerminal, type Logger, redact} from '@omni-cli/sdk'
import {logLine} from '../../log-line.ts'

/** One line an entry on stderr, which the starter has led to `logs/server.log`: time, message, fields. No secrets. */
export const serverLog = (secrets: readonly string[] = []): Logger => ({
  debug(message, fields) {
    const rest = Object.entries(redact(fields ?? {}, secrets))
      .filter(([, value]) => value !== undefined)
      .map(
        ([key, value]) => ` ${key}=${typeof value === 'string' && /^\S+$/.test(value) ? value : JSON.stringify(value)}`,
      )
    logLine(`${new Date().toISOString()} ${escapeTerminal(`${message}${rest.join('')}`).replace(/\n/g, ' ')}`)
  },
})
