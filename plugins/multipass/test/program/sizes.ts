/** Whole bytes, or a decimal with K, M or G (with B or iB), all powers of 1024. Undefined: it is no size. */
export function readSize(text: string): number | undefined {
  const match = /^\s*(\d+)(?:\.(\d+)(?=[kmg]))?(?:([kmg])(?:i?b)?|b)?\s*$/i.exec(text)
  if (match?.[1] === undefined) return undefined
  const unit = {'': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3}[(match[3] ?? '').toLowerCase()] ?? 1
  return Number(match[1]) * unit + Math.floor(Number(`0.${match[2] ?? '0'}`) * unit)
}

/** `1.5GiB`, as `get` prints a size. */
export function showSize(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const) {
    if (bytes >= size) return `${(bytes / size).toFixed(1)}${unit}`
  }
  return `${bytes}B`
}
