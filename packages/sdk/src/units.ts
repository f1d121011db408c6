const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1000,
  m: 1000 ** 2,
  mb: 1000 ** 2,
  g: 1000 ** 3,
  gb: 1000 ** 3,
  t: 1000 ** 4,
  tb: 1000 ** 4,
  ki: 1024,
  kib: 1024,
  mi: 1024 ** 2,
  mib: 1024 ** 2,
  gi: 1024 ** 3,
  gib: 1024 ** 3,
  ti: 1024 ** 4,
  tib: 1024 ** 4,
}

/** `512Mi`, `1.5GiB`, `1GB` (10^9) or plain bytes → whole bytes; undefined when it is no size or not exact in a double. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]*)$/.exec(text.trim())
  const unit = BYTE_UNITS[match?.[2]?.toLowerCase() ?? '?']
  if (match?.[1] === undefined || unit === undefined) return undefined
  const size = Math.floor(Number(match[1]) * unit)
  return Number.isSafeInteger(size) ? size : undefined
}

/** Bytes → at most three digits with an IEC unit: `128Mi`, `1.5Gi`. */
export function formatBytes(size: number): string {
  const units = ['B', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi']
  let value = size
  let index = 0
  while (value >= 1024 && index < units.length - 1) {
    value /= 1024
    index++
  }
  return `${value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)}${units[index]}`
}

const SECONDS: Readonly<Record<string, number>> = {ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800}

/** `1h30m`, `500ms`, `90` (seconds) → milliseconds; undefined when it is no duration. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim()
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed) * 1000
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/.test(trimmed)) return undefined
  let seconds = 0
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) {
    seconds += Number(amount) * (SECONDS[unit ?? ''] ?? 0)
  }
  return Math.round(seconds * 1000)
}

/** Milliseconds → the two largest units: `7d3h`, `3m12s`, `450ms`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}ms`
  const parts: string[] = []
  let rest = Math.floor(ms / 1000)
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    if (rest >= size && parts.length < 2) parts.push(`${Math.floor(rest / size)}${unit}`)
    rest %= size
  }
  return parts.join('')
}
