import {styleText} from 'node:util'
import {escapeTerminalLine} from '@omni-cli/sdk'
import type {Paint} from '@omni-cli/sdk/cli'
import type {LogLineStyle} from './log-lines.ts'

const REPLICA_COLOURS = ['cyan', 'magenta', 'blue', 'yellow', 'green', 'gray'] as const

export interface LogStyleOptions {
  readonly paint: Paint
  /** Replicas have colours of their own. */
  readonly isColoured: boolean
  /** Control characters of the program reach the terminal. */
  readonly raw: boolean
  readonly timestamps: boolean
}

/** How log lines look: each replica in its colour, failures in red, untrusted text made safe. */
export function logStyle({paint, isColoured, raw, timestamps}: LogStyleOptions): LogLineStyle {
  return {
    time: (time) => paint(time, 'dim'),
    replica: (name, index) => (isColoured ? colourReplica(name, index) : name),
    level: (line, level) =>
      level === 'error' || level === 'fatal' ? paint(line, 'bad') : level === 'warn' ? paint(line, 'warn') : line,
    text: raw ? (line) => line : escapeTerminalLine,
    timestamps,
    isPlain: !isColoured,
  }
}

/** The same number has the same colour. */
export const colourReplica = (name: string, index: number): string =>
  styleText(REPLICA_COLOURS[index % REPLICA_COLOURS.length] ?? 'cyan', name, {validateStream: false})
