import {OmniError} from '@omni-cli/sdk'
import type {ExecRequest, ExecSession} from '../runtimes/runtime.ts'
import type {ControlContext} from './context.ts'
import {isServing} from './fleet.ts'
import type {Replica} from './replica.ts'

export interface ExecTarget extends ExecRequest {
  /** `web-1` or `1`. Default: the first that is ready, else the first that runs. */
  readonly replica?: string | undefined
}

/** A program inside of a replica of the service. NOT_FOUND for another replica, CONFLICT when none runs. */
export function openExec({fleet, runtime}: ControlContext, name: string, target: ExecTarget): Promise<ExecSession> {
  const {replica: wanted, ...request} = target
  const replicas = fleet.of(name)
  const chosen = wanted === undefined ? firstOf(replicas) : named(replicas, name, wanted)
  if (chosen?.instance === undefined) {
    throw new OmniError('CONFLICT', `no replica of '${name}' runs now`, {hint: `omni status service ${name}`})
  }
  return runtime.open(chosen.instance.id, request)
}

const firstOf = (replicas: readonly Replica[]): Replica | undefined =>
  replicas.find(isServing) ?? replicas.find(({instance}) => instance !== undefined)

function named(replicas: readonly Replica[], service: string, wanted: string): Replica | undefined {
  const found = replicas.filter((replica) => replica.name === wanted || String(replica.plan.index) === wanted)
  if (found.length === 0) {
    throw new OmniError('NOT_FOUND', `'${service}' has no replica '${wanted}'`, {
      hint: `omni status service ${service}`,
    })
  }
  return firstOf(found)
}
