import {formatDuration} from '@omni-cli/sdk'

/** `in 3h12m, at 2026-01-02T02:00:00Z` */
export const nextRunText = (at: string, now: number): string =>
  `in ${formatDuration(Math.max(0, Date.parse(at) - now))}, at ${at.replace('.000Z', 'Z')}`
