const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** A Quantity of Kubernetes as a number: `250m` → 0.25, `80Gi`, `1e3`, `2`; 0 for what is none. */
export function quantityOf(value: unknown): number {
  if (typeof value === 'number') return Number.isFinite(value) ? value : 0
  const match =
    typeof value === 'string' ? /^\+?(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(value) : null
  if (match === null) return 0
  const [, digits = '0', exponent, unit = ''] = match
  return exponent === undefined ? Number(digits) * (FACTORS[unit] ?? 0) : Number(`${digits}e${exponent}`)
}
