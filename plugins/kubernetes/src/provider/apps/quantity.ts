import {parseBytes} from '@omni-cli/sdk'

const PARTS: Readonly<Record<string, number>> = {'': 1, n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3}

/** `250m`, `1500000n`, `2` → cores. */
export function coresOf(text: string): number {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)([numk]?)$/.exec(text) ?? []
  return amount === '' ? 0 : Number(amount) * (PARTS[unit] ?? 0)
}

/** `512Mi`, `1024` → bytes; thousandths of a byte count as none. */
export const bytesOf = (text: string): number => parseBytes(text) ?? 0
