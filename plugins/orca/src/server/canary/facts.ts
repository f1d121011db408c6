import {type Canary, canarySpec, type VersionMeasure} from '@omni-cli/sdk'
import type {EdgeVersionStats} from '../../edge/table.ts'
import {isServing} from '../fleet.ts'
import type {Replica} from '../replica.ts'
import type {CanaryRow} from '../store/services.ts'
import {type CanaryFacts, judge} from './judge.ts'
import {type Measure, measure} from './measure.ts'
import {bySide, type WithCanary} from './share.ts'

/** What the proxy tells now. */
export interface Counters {
  readonly edgePid: number | undefined
  readonly stats: readonly EdgeVersionStats[]
}

export interface Look {
  readonly row: WithCanary
  readonly replicas: readonly Replica[]
  readonly counters: Counters
  readonly now: Date
}

/** What a verdict about the canary follows from, as of now. */
export function canaryFacts({row, replicas, counters, now}: Look): CanaryFacts {
  const {name, release, canary} = row
  const sides = bySide(replicas, canary)
  const [service, current, before] = [name, counters.stats, baselineOf(canary, counters.edgePid)]
  const ready = {stable: sides.stable.filter(isServing).length, canary: sides.canary.filter(isServing).length}
  const failing = sides.canary.find(({failure}) => failure !== undefined)
  const {reason, message} = failing?.failure ?? {}
  return {
    stable: measure({service, version: 'stable', release, replicas: ready.stable, now: current, before}),
    canary: measure({
      ...{service, version: 'canary', release: canary.release},
      ...{replicas: ready.canary, now: current, before},
    }),
    ageSecs: Math.max(0, now.getTime() - Date.parse(canary.startedAt)) / 1000,
    rules: canary.spec.deploy?.canary ?? canarySpec.parse({}),
    ...(failing === undefined ? {} : {failure: `${failing.name}: ${reason}: ${message}`}),
  }
}

/** The canary as it is shown. */
export function observeCanary(look: Look): Canary {
  const facts = canaryFacts(look)
  const {release, weight, startedAt, auto} = look.row.canary
  const reason = reasonOf(facts, auto)
  return {
    release,
    weight,
    startedAt,
    auto,
    measures: [shown(facts.stable), shown(facts.canary)],
    ...(reason === undefined ? {} : {reason}),
  }
}

/** Without a judge only what is wrong with it is told. */
function reasonOf(facts: CanaryFacts, auto: boolean): string | undefined {
  if (auto) return judge(facts).reason
  return facts.failure === undefined ? undefined : `it cannot be kept alive: ${facts.failure}`
}

const shown = ({meanSeconds: _, buckets: __, ...rest}: Measure): VersionMeasure => rest

/** Counters of another process of the proxy began from zero. */
const baselineOf = ({baseline}: CanaryRow, edgePid: number | undefined) =>
  baseline !== undefined && baseline.edgePid === edgePid ? baseline.stats : undefined
