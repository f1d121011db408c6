import {OmniError} from '../errors.ts'

interface Node {
  readonly id: string
  readonly dependsOn: readonly string[]
}

/**
 * The nodes in an order where each comes after what it depends on; otherwise as given. Unknown ids are passed over.
 * A cycle is MANIFEST_INVALID and named in full: `a → b → a`.
 */
export function topologicalOrder<N extends Node>(nodes: readonly N[]): N[] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const state = new Map<string, 'open' | 'done'>()
  const ordered: N[] = []
  for (const root of nodes) {
    // Not recursive: a chain may be longer than the stack.
    const path: {node: N; next: number}[] = []
    const enter = (node: N) => {
      state.set(node.id, 'open')
      path.push({node, next: 0})
    }
    if (!state.has(root.id)) enter(root)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const id = top.node.dependsOn[top.next++]
      if (id === undefined) {
        state.set(top.node.id, 'done')
        ordered.push(top.node)
        path.pop()
        continue
      }
      const dependency = byId.get(id)
      if (dependency === undefined || state.get(id) === 'done') continue
      if (state.get(id) === 'open')
        throw cycleError(
          path.map(({node}) => node.id),
          id,
        )
      enter(dependency)
    }
  }
  return ordered
}

function cycleError(path: readonly string[], again: string): OmniError {
  const cycle = [...path.slice(path.indexOf(again)), again]
  return new OmniError('MANIFEST_INVALID', `these wait for each other: ${cycle.join(' → ')}`, {
    hint: "take one of them out of a 'depends_on'",
    details: {cycle},
  })
}
