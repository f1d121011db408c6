import {resolve} from 'node:path'
import * as Flags from '@oclif/core/flags'
import {OmniError} from '../errors.ts'
import {parseDuration} from '../units.ts'

/** Flags that mean the same in every command. `static override flags = {provider, namespace, yes}`. */

export const provider = Flags.string({
  summary: 'driver to use instead of the one of the context',
  helpValue: 'ID',
  env: 'OMNI_PROVIDER',
})

export const namespace = Flags.string({
  char: 'n',
  summary: 'namespace to work in',
  helpValue: 'NAME',
  env: 'OMNI_NAMESPACE',
  parse: async (value) => {
    // Wider than our own names: namespaces of others may begin with a digit.
    if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value)) return value
    throw new OmniError('USAGE', `--namespace '${value}' has other characters than lower-case letters, digits and "-"`)
  },
})

/** Goes before a namespace, which may come from OMNI_NAMESPACE. */
export const allNamespaces = Flags.boolean({char: 'A', summary: 'in all namespaces'})

/** Repeatable, also with commas. `parseLabels` turns the values into pairs. */
export const labels = Flags.string({
  char: 'l',
  summary: 'only things with this label; repeatable, or with commas',
  helpValue: 'KEY=VALUE',
  multiple: true,
  multipleNonGreedy: true,
  parse: async (value) => {
    parseLabels([value])
    return value
  },
})

/** Values of `-l` → pairs. USAGE when one is no `key=value` or a key has two values. */
export function parseLabels(values: readonly string[] | undefined): Readonly<Record<string, string>> {
  const pairs = new Map<string, string>()
  for (const part of (values ?? []).flatMap((value) => value.split(','))) {
    const at = part.indexOf('=')
    if (at <= 0) throw new OmniError('USAGE', `--label '${part}' is no KEY=VALUE`)
    const [key, value] = [part.slice(0, at).trim(), part.slice(at + 1).trim()]
    const known = pairs.get(key)
    if (known !== undefined && known !== value) {
      throw new OmniError('USAGE', `--label '${key}' is wanted as '${known}' and as '${value}'`)
    }
    pairs.set(key, value)
  }
  return Object.fromEntries(pairs)
}

export const watch = Flags.boolean({char: 'w', summary: 'keep showing changes until interrupted'})

/** Paths, absolute; `-` stays, it means stdin. */
export const file = Flags.string({
  char: 'f',
  summary: 'file or folder to read; "-" is stdin; repeatable',
  helpValue: 'PATH',
  multiple: true,
  multipleNonGreedy: true,
  parse: async (value) => (value === '-' ? value : resolve(value)),
})

export const dryRun = Flags.boolean({summary: 'show what would be done and do nothing'})

export const yes = Flags.boolean({char: 'y', summary: 'do not ask', env: 'OMNI_YES'})

/** Milliseconds. */
export const timeout = Flags.custom<number>({
  summary: 'give up after this time: 90s, 5m, 1h30m',
  helpValue: 'DURATION',
  parse: async (value) => {
    const ms = parseDuration(value)
    if (ms === undefined || ms <= 0) throw new OmniError('USAGE', `--timeout '${value}' is no duration like 90s or 5m`)
    // Timers hold 31 bits; a longer wait is as good as this one.
    return Math.min(ms, 2 ** 31 - 1)
  },
})

export const wait = Flags.boolean({
  summary: 'wait until the promised state is there (default)',
  allowNo: true,
  default: true,
})

export const follow = Flags.boolean({char: 'f', summary: 'keep showing new lines until interrupted'})

export const tail = Flags.integer({summary: 'only the last lines of each replica', helpValue: 'N', min: 0})

/** RFC 3339 in UTC. Accepts a time or a duration back from now. */
export const since = Flags.string({
  summary: 'only lines since then: 10m, 2h, 2025-01-31T08:00:00Z',
  helpValue: 'TIME',
  parse: async (value) => parseSince(value),
})

/** `10m` or an RFC 3339 time → RFC 3339 in UTC. USAGE otherwise. */
export function parseSince(value: string, nowMs: number = Date.now()): string {
  const ms = parseDuration(value)
  const at = ms === undefined ? (/^\d{4}-\d{2}-\d{2}/.test(value) ? Date.parse(value) : Number.NaN) : nowMs - ms
  if (Number.isNaN(at) || Number.isNaN(new Date(at).getTime())) {
    throw new OmniError('USAGE', `--since '${value}' is no duration and no time like 2025-01-31T08:00:00Z`)
  }
  return new Date(at).toISOString()
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

export const level = Flags.option({
  summary: 'only lines of this level and above, where lines tell it',
  options: LOG_LEVELS,
})()

export const replica = Flags.string({summary: 'only this replica: its name or number', helpValue: 'REPLICA'})
