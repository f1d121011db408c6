import type {CallOptions, InstanceSpec, Refusal} from '@omni-cli/sdk'
import {deviceProblems} from './refusals-devices.ts'
import {type FactInput, type Facts, gatherFacts} from './refusals-facts.ts'
import {imageProblems} from './refusals-image.ts'
import {keyProblems} from './refusals-keys.ts'
import {machineProblems} from './refusals-machine.ts'
import {networkProblems} from './refusals-network.ts'
import {portProblems} from './refusals-ports.ts'

/** What is wrong with one field of a spec. */
export interface Problem {
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly hint?: string | undefined
}

/** Finds problems of one machine; the facts also hold its neighbours in the plan. */
export type Rule = (spec: InstanceSpec, facts: Facts) => readonly Problem[]

const RULES: readonly Rule[] = [
  machineProblems,
  imageProblems,
  networkProblems,
  portProblems,
  deviceProblems,
  keyProblems,
]

/** Everything about the wanted machines that this server cannot honour. */
export async function findRefusals(input: FactInput, options?: CallOptions): Promise<Refusal[]> {
  if (input.wanted.instances.length === 0) return []
  return refusalsIn(await gatherFacts(input, options))
}

/** The same, by what is known of the server. */
export const refusalsIn = (facts: Facts): Refusal[] =>
  facts.wanted.instances.flatMap((spec) =>
    RULES.flatMap((rule) => rule(spec, facts)).map((problem) => ({instance: spec.name, ...problem})),
  )
