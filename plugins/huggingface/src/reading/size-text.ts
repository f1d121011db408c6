const UNITS = [
  [1e12, 'T'],
  [1e9, 'B'],
  [1e6, 'M'],
  [1e3, 'K'],
] as const

/**
 * A number of parameters as the operator writes it: `70.55B`, `405B`, `539.47M`. What is exact to hundredths gets one decimal
 * (`7.25e9` → `7.2B`), everything else two.
 */
export function sizeText(parameters: number): string {
  const unit = UNITS.find(([factor]) => parameters >= factor)
  if (unit === undefined) return String(parameters)
  const [factor, suffix] = unit
  const value = parameters / factor
  if (Number.isInteger(value)) return `${value}${suffix}`
  return `${fixed(value, Number.isInteger(value * 100) ? 1 : 2)}${suffix}`
}

/** Like `%.Nf` of Go: a tie goes to the even digit, where `toFixed` goes up. */
function fixed(value: number, digits: 1 | 2): string {
  const scaled = value * 10 ** digits
  const below = Math.floor(scaled)
  // Only a multiple of a power of two can lie exactly in the middle.
  const isTie = Number.isInteger(value * 1024) && scaled - below === 0.5
  return isTie && below % 2 === 0 ? (below / 10 ** digits).toFixed(digits) : value.toFixed(digits)
}
