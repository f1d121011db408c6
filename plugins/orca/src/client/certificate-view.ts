import {formatDuration} from '@omni-cli/sdk'
import {type ListView, listView, type Tone} from '@omni-cli/sdk/cli'
import type {Certificate} from './admin.ts'

const SOON_MS = 14 * 86_400_000

/** One host name a line; what needs somebody stands out. */
export const certificatesView = (certificates: readonly Certificate[], now: Date): ListView<Certificate> =>
  listView({
    rows: certificates,
    ref: ({host}) => `certificate/${host}`,
    empty: 'no service has a domain',
    columns: [
      {header: 'HOST', value: ({host}) => host},
      {header: 'SOURCE', value: ({source}) => source},
      {
        header: 'EXPIRES',
        value: ({notAfter}) => untilText(notAfter, now, 'expired'),
        tone: ({notAfter}) => expiryTone(notAfter, now),
      },
      {header: 'UNTIL', value: ({notAfter}) => notAfter, wide: true},
      {header: 'NEXT TRY', value: ({nextTry}) => untilText(nextTry, now, 'now')},
      {
        header: 'PROBLEM',
        value: ({lastError, reason}) => lastError ?? reason,
        tone: ({lastError}) => (lastError === undefined ? 'dim' : 'bad'),
      },
    ],
  })

function untilText(time: string | undefined, now: Date, past: string): string | undefined {
  if (time === undefined) return undefined
  const ms = Date.parse(time) - now.getTime()
  return ms <= 0 ? past : `in ${formatDuration(ms)}`
}

function expiryTone(notAfter: string | undefined, now: Date): Tone {
  if (notAfter === undefined) return 'plain'
  const ms = Date.parse(notAfter) - now.getTime()
  return ms <= 0 ? 'bad' : ms < SOON_MS ? 'warn' : 'good'
}
