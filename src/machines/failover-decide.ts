import type {InstanceSpec} from '@omni-cli/sdk'

/** Why a machine is not made anew elsewhere. */
export interface LeftBehind {
  readonly name: string
  readonly reason: string
}

export interface FailoverChoice {
  readonly moves: readonly string[]
  readonly left: readonly LeftBehind[]
}

/**
 * Only machines whose plan says `failover: recreate` may be made anew: the others may hold data. Nor one with folders of the
 * host inside, nor one that needs a machine that stays behind.
 */
export function chooseMoves(specs: readonly InstanceSpec[]): FailoverChoice {
  const left = new Map<string, string>()
  for (const {name, failover, mounts} of specs) {
    if (failover !== 'recreate') left.set(name, 'may hold data: its plan does not say `failover: recreate`')
    else if (mounts !== undefined && mounts.length > 0) left.set(name, 'has folders of the host inside')
  }
  for (let before = -1; before !== left.size; ) {
    before = left.size
    for (const {name, depends_on = []} of specs) {
      const needed = depends_on.find((other) => left.has(other))
      if (needed !== undefined && !left.has(name)) left.set(name, `needs '${needed}', which stays behind`)
    }
  }
  const moves = specs.map(({name}) => name).filter((name) => !left.has(name))
  return {moves, left: [...left].map(([name, reason]) => ({name, reason}))}
}
