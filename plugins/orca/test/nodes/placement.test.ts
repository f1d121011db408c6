import {hostname} from 'node:os'
import {type NodeInfo, type ServiceInput, serviceSpec} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {choosePlace} from '../../src/server/nodes/placement.ts'

const now = () => new Date().toISOString()
const local: NodeInfo = {
  id: '1',
  address: 'localhost',
  labels: {role: 'master', disk: 'ssd'},
  draining: false,
  lastSeen: now(),
}
const node = (id: string, more: Partial<NodeInfo> = {}): NodeInfo => ({
  id,
  address: `worker-${id}:6880`,
  labels: {zone: 'a'},
  draining: false,
  lastSeen: now(),
  ...more,
})
const spec = (placement?: ServiceInput['placement']) => serviceSpec.parse({name: 'web', image: 'nginx', placement})
const placeOf = (placement: ServiceInput['placement'], nodes: NodeInfo[], current?: string) => {
  const place = choosePlace(spec(placement), nodes, current)
  if (place.kind === 'none') return place.problem
  return place.kind === 'local' ? 'local' : place.node.id
}

describe('a service goes', () => {
  it.each([
    ['nowhere else without a placement', undefined, 'local'],
    ['here by localhost', {node: 'localhost'}, 'local'],
    ['here by host name', {node: hostname()}, 'local'],
    ['here by id', {node: '1'}, 'local'],
    ['here by labels', {labels: {disk: 'ssd'}}, 'local'],
    ['here by the label hostname', {labels: {hostname: hostname()}}, 'local'],
    ['there by id', {node: '20'}, '20'],
    ['there by address', {node: 'worker-20:6880'}, '20'],
    ['there by host', {node: 'worker-20'}, '20'],
    ['there by the label hostname', {node: 'gpu-box'}, '30'],
    ['there by labels', {labels: {zone: 'a', gpu: 'yes'}}, '30'],
  ])('%s', (_name, placement, expected) => {
    const nodes = [local, node('20'), node('30', {labels: {zone: 'a', gpu: 'yes', hostname: 'gpu-box'}})]
    expect(placeOf(placement, nodes)).toBe(expected)
  })

  it('where it is already, if that still fits', () => {
    const nodes = [local, node('20'), node('30')]
    expect(placeOf({labels: {zone: 'a'}}, nodes, '20')).toBe('20')
    expect(placeOf({labels: {zone: 'a'}}, nodes, '30')).toBe('30')
  })
})

describe('a service is refused', () => {
  it.each([
    ['a part of an address', {node: 'worker'}],
    ['a prefix of an id', {node: '2'}],
    ['an unknown name', {node: 'ghost'}],
    ['labels that no node has', {labels: {zone: 'b'}}],
    ['labels of a prototype', {labels: {constructor: 'x'}}],
    ['a node without the labels', {node: 'worker-20', labels: {gpu: 'yes'}}],
  ])('with %s, and the nodes are named', (_name, placement) => {
    expect(placeOf(placement, [local, node('20')])).toEqual({
      code: 'NOT_FOUND',
      message: 'no node matches its placement; there are: localhost (1), worker-20:6880 (20)',
    })
  })

  it('on a drained node, with the way out', () => {
    const drained = {...local, draining: true}
    expect(placeOf(undefined, [drained, node('20')])).toMatchObject({
      code: 'CONFLICT',
      message: 'this machine is drained, nothing new is placed there: omni node undrain 1',
    })
    expect(placeOf({node: 'worker-20'}, [local, node('20', {draining: true})])).toMatchObject({code: 'CONFLICT'})
  })

  it('on a node that is not heard of', () => {
    const silent = node('20', {lastSeen: new Date(Date.now() - 60_000).toISOString()})
    expect(placeOf({node: 'worker-20'}, [local, silent])).toMatchObject({code: 'UNAVAILABLE'})
  })
})
