import {parseBytes} from '@omni-cli/sdk'

const UNITS = [
  ['TiB', 1024 ** 4],
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
  ['TB', 1000 ** 4],
  ['GB', 1000 ** 3],
  ['MB', 1000 ** 2],
  ['kB', 1000],
] as const

/** Bytes as Incus reads them, exact and as short as can be: `2GiB`, `10GB`, `1500B`. */
export function sizeText(bytes: number): string {
  const exact = UNITS.filter(([, size]) => bytes >= size && bytes % size === 0).sort(([, a], [, b]) => b - a)
  const unit = exact[0]
  return unit === undefined ? `${bytes}B` : `${bytes / unit[1]}${unit[0]}`
}

/** A size of Incus in bytes; undefined for shares such as `50%`, and for none. */
export const bytesOf = (text: string | undefined): number | undefined =>
  text === undefined || text === '' ? undefined : parseBytes(text)

/** A number of processors; undefined for pinned ones (`0-1`), which are no number. */
export const countOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined

/** As Incus reads booleans. */
export const isTrue = (text: string | undefined): boolean => /^(true|1|yes|on)$/i.test(text ?? '')

/** A size that Incus takes: whole numbers with B, kB, MB … or KiB, MiB …; `1G` and `1.5GiB` are none. */
export const isIncusSize = (text: string): boolean => /^\d+(B|kB|[MGTPE]B|[KMGTPE]iB)?$/.test(text)
