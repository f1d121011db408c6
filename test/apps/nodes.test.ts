import type {NodeInfo, ServiceEngine} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {nodesView, nodeView, setDraining} from '../../src/apps/nodes.ts'

const node = (id: string, address: string, labels = {}): NodeInfo => ({
  id,
  address,
  labels,
  draining: false,
  lastSeen: '2026-01-01T00:00:00Z',
})
const NODES = [
  node('4307800580201474175', 'localhost:6880', {role: 'master'}),
  node('20', 'worker:6880', {hostname: 'gpu-box'}),
  node('30', 'worker:6881'),
]

const engineOf = () => {
  const acts: string[] = []
  const change = (verb: string) => async (id: string) => {
    acts.push(`${verb} ${id}`)
    return {...node(id, 'x'), draining: verb === 'drain'}
  }
  const nodes = {list: async () => NODES, drain: change('drain'), undrain: change('undrain')}
  // The other methods of an engine are not asked.
  return {acts, engine: {name: 'test', nodes} as unknown as ServiceEngine}
}

describe('draining a node', () => {
  it.each([
    ['4307800580201474175', '4307800580201474175'],
    ['localhost', '4307800580201474175'],
    ['worker:6881', '30'],
    ['gpu-box', '20'],
  ])('by %s', async (name, id) => {
    const {engine, acts} = engineOf()
    expect(await setDraining(engine, 'drain', name, {})).toMatchObject({id, draining: true})
    expect(acts).toEqual([`drain ${id}`])
  })

  it.each([
    ['ghost', 'NOT_FOUND', /no node 'ghost'/],
    ['work', 'NOT_FOUND', /no node 'work'/],
    ['worker', 'USAGE', /several nodes: 20, 30/],
  ])('by %s is refused', async (name, code, message) => {
    const {engine, acts} = engineOf()
    await expect(setDraining(engine, 'undrain', name, {})).rejects.toMatchObject({code, message})
    expect(acts).toEqual([])
  })

  it('is refused where the engine cannot', async () => {
    const reading = {name: 'test', nodes: {list: async () => NODES}} as unknown as ServiceEngine
    await expect(setDraining(reading, 'drain', 'localhost', {})).rejects.toMatchObject({code: 'UNSUPPORTED'})
    const none = {name: 'test'} as unknown as ServiceEngine
    await expect(setDraining(none, 'drain', 'localhost', {})).rejects.toMatchObject({code: 'UNSUPPORTED'})
  })
})

it('nodes are named by ids that lose no digit', () => {
  const view = nodesView(NODES)
  expect(NODES.map((one) => view.ref(one))[0]).toBe('node/4307800580201474175')
  expect(nodeView(node('1', 'localhost')).text(node('1', 'localhost'))).toEqual([
    'node localhost (1) gets services again',
  ])
})

it('a node that was not heard of for half a minute, by the clock of the server, is not called ready', () => {
  const seen = (id: string, lastSeen: string, draining = false) => ({...node(id, `${id}:1`), lastSeen, draining})
  const nodes = [
    seen('1', '2026-01-01T00:01:00Z'),
    seen('2', '2026-01-01T00:00:31Z'),
    seen('3', '2026-01-01T00:00:29Z'),
    seen('4', '2026-01-01T00:00:00Z', true),
    seen('5', '2026-01-01T00:01:00Z', true),
  ]
  const status = nodesView(nodes).columns.find(({header}) => header === 'STATUS')

  expect(nodes.map((one) => status?.value(one))).toEqual(['ready', 'ready', 'silent', 'drained, silent', 'drained'])
})
