import {formatDuration} from '@omni-cli/sdk'
import type {TextLine} from '@omni-cli/sdk/cli'
import {OWNER_LABEL} from '../machines/health-wanted.ts'

/** Time since then: `3m12s`; undefined when it is not known. */
export function age(at: string | undefined): string | undefined {
  const ms = at === undefined ? Number.NaN : Date.now() - Date.parse(at)
  return Number.isNaN(ms) ? undefined : formatDuration(Math.max(0, ms))
}

/** `key: value` lines with aligned values; what is not known is left out. */
export function factLines(facts: Readonly<Record<string, string | number | undefined>>): TextLine[] {
  const known = Object.entries(facts).filter(([, value]) => value !== undefined && value !== '')
  const width = Math.max(0, ...known.map(([key]) => key.length))
  return known.map(([key, value]) => [[`${key.padEnd(width)}  `, 'dim'], String(value)])
}

/** The plan that the thing belongs to. */
export const planOf = (labels: Readonly<Record<string, string>>): string | undefined => labels[OWNER_LABEL]

/** `a=1,b=2`; what omni notes for itself is left out. */
export const labelText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .filter(([key]) => !key.startsWith('omni.'))
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
