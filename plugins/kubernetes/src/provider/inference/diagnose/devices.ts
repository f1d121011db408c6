import type {ApiObject} from '@omni-cli/sdk'
import {at, fieldsAt} from '../../../fields.ts'
import {isOver} from '../../pods/order.ts'
import type {Pod} from '../../pods/pod.ts'

/** `500m`, `2`, `1Gi` as a number; 0 for what is none. */
export function quantity(text: unknown): number {
  const [, digits = '', unit = ''] = /^([\d.]+(?:e\d+)?)([a-zA-Z]*)$/.exec(String(text ?? '')) ?? []
  return (Number(digits) || 0) * (UNITS[unit] ?? 0)
}

const UNITS: Readonly<Record<string, number>> = {
  ...{'': 1, n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15},
  ...{Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3, Ti: 1024 ** 4, Pi: 1024 ** 5},
}

/** What a pod asks for of a resource: its containers together, or the largest init container. */
export function requestOf({spec}: Pod, resource: string): number {
  const of = (container: unknown) =>
    quantity(at(container, 'resources', 'requests', resource) ?? at(container, 'resources', 'limits', resource))
  const main = (spec?.containers ?? []).reduce((sum, container) => sum + of(container), 0)
  return Math.max(main, ...(spec?.initContainers ?? []).map(of), 0)
}

/** How much of a resource is free on each node, the most first. Nodes that have none of it are left out. */
export function freeOn(
  nodes: readonly ApiObject[],
  pods: readonly Pod[],
  resource: string,
): {readonly node: string; readonly free: number; readonly all: number}[] {
  return nodes
    .map(({metadata, ...node}) => {
      const all = quantity(fieldsAt(node, 'status', 'allocatable')[resource])
      const here = pods.filter((pod) => pod.spec?.nodeName === metadata.name && (!isOver(pod) || isLeaving(pod)))
      const used = here.reduce((sum, pod) => sum + requestOf(pod, resource), 0)
      return {node: metadata.name, all, free: Math.max(0, all - used)}
    })
    .filter(({all}) => all > 0)
    .toSorted((a, b) => b.free - a.free)
}

/** Being deleted, it still holds what it has. */
const isLeaving = ({status}: Pod): boolean => status?.phase !== 'Succeeded' && status?.phase !== 'Failed'
