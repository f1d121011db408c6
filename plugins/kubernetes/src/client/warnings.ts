import type {IncomingHttpHeaders} from 'node:http'
import {escapeTerminal} from '@omni-cli/sdk'

/** Remarks of the server: texts of the headers `Warning: 299 - "…"`. */
export function warningsIn({warning}: IncomingHttpHeaders): readonly string[] {
  if (warning === undefined) return []
  const whole = Array.isArray(warning) ? warning.join(', ') : warning
  return [...whole.matchAll(/\b299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
    escapeTerminal(text.replace(/\\(.)/g, '$1')),
  )
}
