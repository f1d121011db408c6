import {get, itemsOf, type Node, textAt, textsOf} from './node.ts'
import type {Notes} from './notes.ts'

export interface ServiceResources {
  readonly memory?: string | number | undefined
  readonly cpu?: number | undefined
  readonly gpu?: {readonly count: number; readonly vendor?: string | undefined} | undefined
}

/** Limits; what is only reserved has no counterpart but accelerators. */
export function resourcesOf(service: Node, notes: Notes): ServiceResources | undefined {
  const limits = get(get(get(service, 'deploy'), 'resources'), 'limits')
  const size = textAt(limits, 'memory') ?? textAt(service, 'mem_limit')
  const memory = size === undefined ? undefined : memoryOf(size)
  if (size !== undefined && memory === undefined)
    notes.add(service.place, `the memory limit '${size}' is not understood`)
  const cpus = Number(textAt(limits, 'cpus') ?? textAt(service, 'cpus') ?? Number.NaN)
  const cpu = cpus > 0 ? cpus : undefined
  const gpu = gpuOf(service)
  return memory === undefined && cpu === undefined && gpu === undefined ? undefined : {memory, cpu, gpu}
}

const POWERS: Readonly<Record<string, number>> = {'': 0, b: 0, k: 1, m: 2, g: 3, t: 4}

/** Compose counts in powers of 1024, whatever the letter: `512m` is 512Mi. Zero is no limit. */
function memoryOf(text: string): string | number | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(text.trim()) ?? []
  const power = POWERS[unit.toLowerCase()]
  if (amount === undefined || power === undefined || Number(amount) === 0) return undefined
  const letter = ['', 'Ki', 'Mi', 'Gi', 'Ti'][power] ?? ''
  return letter !== '' && /^\d+$/.test(amount) ? `${amount}${letter}` : Math.floor(Number(amount) * 1024 ** power)
}

function gpuOf(service: Node): ServiceResources['gpu'] {
  const reservations = get(get(get(service, 'deploy'), 'resources'), 'reservations')
  for (const device of itemsOf(get(reservations, 'devices'))) {
    if (!textsOf(get(device, 'capabilities')).includes('gpu')) continue
    const count = Number(textAt(device, 'count') ?? (itemsOf(get(device, 'device_ids')).length || 1))
    return {count: Number.isInteger(count) && count > 0 ? count : 1, vendor: textAt(device, 'driver')}
  }
  return undefined
}
