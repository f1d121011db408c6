import type {Amounts} from '@omni-cli/sdk'
import {quantityOf} from './quantity.ts'
import type {ContainerWire, PodWire, Resources} from './wire.ts'

export const NONE: Amounts = {cpus: 0, memoryBytes: 0, gpus: 0, pods: 0}

/** Devices that models are served with: whole ones, shared ones and slices of them. */
export const isGpu = (resource: string): boolean =>
  /\/(gpu|gpu\.shared|tpu|gaudi|neuron|neuroncore|neurondevice)$|\/mig-|^gpu\.[a-z0-9.]+\/|\/xpu$|\/npu$/i.test(
    resource,
  )

/** Sums in cores keep no dust of binary fractions. */
const cores = (cpus: number): number => Math.round(cpus * 1000) / 1000

export const plus = (a: Amounts, b: Amounts): Amounts => ({
  cpus: cores(a.cpus + b.cpus),
  memoryBytes: a.memoryBytes + b.memoryBytes,
  gpus: a.gpus + b.gpus,
  pods: a.pods + b.pods,
})

/** Never below 0. */
export const minus = (a: Amounts, b: Amounts): Amounts => ({
  cpus: cores(Math.max(0, a.cpus - b.cpus)),
  memoryBytes: Math.max(0, a.memoryBytes - b.memoryBytes),
  gpus: Math.max(0, a.gpus - b.gpus),
  pods: Math.max(0, a.pods - b.pods),
})

export const sumOf = (amounts: readonly Amounts[]): Amounts => amounts.reduce(plus, NONE)

const largest = (a: Amounts, b: Amounts): Amounts => ({
  cpus: Math.max(a.cpus, b.cpus),
  memoryBytes: Math.max(a.memoryBytes, b.memoryBytes),
  gpus: Math.max(a.gpus, b.gpus),
  pods: Math.max(a.pods, b.pods),
})

/** `pods` only where the resources name it. */
export function amountsIn(resources: Resources = {}): Amounts {
  const devices = Object.entries(resources).filter(([name]) => isGpu(name))
  return {
    cpus: cores(quantityOf(resources.cpu)),
    memoryBytes: Math.ceil(quantityOf(resources.memory)),
    gpus: devices.reduce((total, [, amount]) => total + quantityOf(amount), 0),
    pods: quantityOf(resources.pods),
  }
}

/** What is not requested is requested as it is limited. */
const requestOf = ({resources}: Pick<ContainerWire, 'resources'>): Amounts =>
  amountsIn({...resources?.limits, ...resources?.requests})

/**
 * What the scheduler reserves for a pod, itself counted as one: its containers together, or the largest step of its start
 * if that is more; init containers that stay (sidecars) count in both. A request of the pod itself goes before both.
 */
export function podRequest({spec}: Pick<PodWire, 'spec'>): Amounts {
  let sidecars = NONE
  let start = NONE
  for (const container of spec?.initContainers ?? []) {
    const wanted = requestOf(container)
    if (container.restartPolicy === 'Always') sidecars = plus(sidecars, wanted)
    start = largest(start, container.restartPolicy === 'Always' ? sidecars : plus(sidecars, wanted))
  }
  const running = sumOf([sidecars, ...(spec?.containers ?? []).map(requestOf)])
  const whole = largest(running, start)
  const named = {...spec?.resources?.limits, ...spec?.resources?.requests}
  const own = amountsIn(named)
  return plus(amountsIn(spec?.overhead), {
    cpus: named.cpu === undefined ? whole.cpus : own.cpus,
    memoryBytes: named.memory === undefined ? whole.memoryBytes : own.memoryBytes,
    gpus: whole.gpus,
    pods: 1,
  })
}
