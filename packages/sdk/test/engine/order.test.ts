import fc from 'fast-check'
import {expect, test} from 'vitest'
import {topologicalOrder} from '../../src/engine/order.ts'

const node = (id: string, ...dependsOn: string[]) => ({id, dependsOn})
const ids = (nodes: readonly {readonly id: string}[]) => nodes.map(({id}) => id)

test('what is depended on comes first, the rest stays as it was', () => {
  expect(ids(topologicalOrder([node('x'), node('a', 'b'), node('b', 'c'), node('c'), node('y')]))).toEqual([
    'x',
    'c',
    'b',
    'a',
    'y',
  ])
})

test('unknown ids are passed over', () => {
  expect(ids(topologicalOrder([node('a', 'gone')]))).toEqual(['a'])
})

test.each([
  [[node('a', 'a')], 'a → a'],
  [[node('a', 'b'), node('b', 'c'), node('c', 'a')], 'a → b → c → a'],
  [[node('x', 'a'), node('a', 'b'), node('b', 'a')], 'a → b → a'],
])('a cycle is named in full, without what only leads to it', (nodes, cycle) => {
  expect(() => topologicalOrder(nodes)).toThrow(`these wait for each other: ${cycle}`)
})

test('a long chain does not use up the stack', () => {
  const chain = Array.from({length: 50_000}, (_, index) => node(`n${index}`, `n${index + 1}`))
  expect(topologicalOrder(chain)[0]?.id).toBe('n49999')
})

test('any acyclic graph comes out complete and in order', () => {
  const graph = fc.array(fc.array(fc.nat(30), {maxLength: 5}), {maxLength: 30}).map((edges) => {
    // Edges only lead to smaller numbers, so there is no cycle; then the nodes are shuffled.
    const nodes = edges.map((to, index) => node(`n${index}`, ...to.filter((n) => n < index).map((n) => `n${n}`)))
    return nodes.toSorted((a, b) => a.id.length * 7 - b.id.length * 7 || (a.id > b.id ? -1 : 1))
  })
  fc.assert(
    fc.property(graph, (nodes) => {
      const order = topologicalOrder(nodes)
      expect(new Set(order)).toEqual(new Set(nodes))
      const at = new Map(order.map(({id}, index) => [id, index]))
      for (const {id, dependsOn} of order) {
        for (const other of dependsOn) expect(at.get(other)).toBeLessThan(at.get(id) ?? -1)
      }
    }),
  )
})
