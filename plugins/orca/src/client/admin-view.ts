import {formatDuration, OmniError, parseDuration} from '@omni-cli/sdk'
import {type ItemView, itemView, type ListView, listView} from '@omni-cli/sdk/cli'
import type {AuditEntry, IssuedToken, Token} from './admin.ts'

/** `30d` from now, or a time → RFC 3339 in UTC. USAGE for anything else, and for the past. */
export function expiryOf(text: string, nowMs: number = Date.now()): string {
  const ms = parseDuration(text)
  const at = ms === undefined ? (/^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN) : nowMs + ms
  const time = new Date(at)
  if (Number.isNaN(time.getTime()) || at <= nowMs) {
    throw new OmniError('USAGE', `--expires '${text}' is no duration like 30d and no time to come`)
  }
  return time.toISOString()
}

/** The secret alone, so that a script can take it. */
export const issuedView = (token: IssuedToken): ItemView<IssuedToken> =>
  itemView({data: token, text: ({token: secret}) => [secret], ref: `token/${token.name}`})

/** Tokens without their secrets. */
export const tokensView = (tokens: readonly Token[], now: Date): ListView<Token> =>
  listView({
    rows: tokens,
    ref: ({name}) => `token/${name}`,
    empty: "there is no token but the owner's",
    columns: [
      {header: 'NAME', value: ({name}) => name},
      {header: 'ROLE', value: ({role}) => role},
      {header: 'PROJECTS', value: ({projects}) => projects?.join(',') ?? 'all'},
      {
        header: 'EXPIRES',
        value: ({expiresAt}) => expiryText(expiresAt, now),
        tone: ({expiresAt}) => (expiresAt !== undefined && Date.parse(expiresAt) <= now.getTime() ? 'bad' : 'plain'),
      },
      {header: 'LAST USED', value: ({lastUsedAt}) => agoText(lastUsedAt, now)},
      {header: 'CREATED', value: ({createdAt}) => agoText(createdAt, now), wide: true},
      {header: 'ID', value: ({id}) => id, wide: true},
    ],
  })

function expiryText(expiresAt: string | undefined, now: Date): string {
  if (expiresAt === undefined) return 'never'
  const ms = Date.parse(expiresAt) - now.getTime()
  return ms <= 0 ? 'expired' : `in ${formatDuration(ms)}`
}

const agoText = (time: string | undefined, now: Date): string | undefined =>
  time === undefined ? undefined : `${formatDuration(Math.max(0, now.getTime() - Date.parse(time)))} ago`

/** Who changed what; refusals stand out. */
export const auditView = (entries: readonly AuditEntry[] | AsyncIterable<AuditEntry>): ListView<AuditEntry> =>
  listView({
    rows: entries,
    ref: ({id}) => `audit/${id}`,
    empty: 'nothing was changed, and nobody was refused',
    columns: [
      {header: 'TIME', value: ({time}) => time, tone: () => 'dim'},
      {header: 'ACTOR', value: ({actor}) => actor},
      {header: 'ROLE', value: ({role}) => role, wide: true},
      {header: 'FROM', value: ({peer}) => peer ?? 'socket', wide: true},
      {header: 'WHAT', value: ({method, route}) => `${method} ${route ?? '?'}`},
      {header: 'TARGET', value: ({target}) => target},
      {
        header: 'OUTCOME',
        value: ({outcome}) => outcome ?? 'under way',
        tone: ({outcome}) => (outcome === 'ok' ? 'good' : outcome === undefined ? 'warn' : 'bad'),
      },
      {header: 'STATUS', value: ({status}) => status, align: 'right'},
      {
        header: 'TOOK',
        value: ({durationMs}) => (durationMs === undefined ? undefined : formatDuration(durationMs)),
        align: 'right',
        wide: true,
      },
      {header: 'REQUEST', value: ({requestId}) => requestId, wide: true},
    ],
  })
