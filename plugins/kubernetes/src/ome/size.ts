const FACTORS = {T: 1e12, B: 1e9, M: 1e6} as const

/** `70.55B` → 70.55e9, as OME reads it: only upper-case T, B and M count, and what it cannot read is 0. */
export function omeSize(text: string): number {
  const factor = FACTORS[text.at(-1) as keyof typeof FACTORS]
  const digits = factor === undefined ? text : text.slice(0, -1)
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(digits) ? Number(digits) * (factor ?? 1) : 0
}

/** The number of parameters, for people: `70b` and `137K` are read, too; undefined when it is none. */
export function parametersOf(size: string | undefined): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMBT]?)\s*$/i.exec(size ?? '')
  if (match?.[1] === undefined) return undefined
  const factor = {'': 1, K: 1e3, M: 1e6, B: 1e9, T: 1e12}[match[2]?.toUpperCase() ?? ''] ?? 1
  const count = Number(match[1]) * factor
  return count > 0 && Number.isFinite(count) ? Math.round(count) : undefined
}
