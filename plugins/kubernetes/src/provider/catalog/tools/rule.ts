import type {ApiObject, NodeCapacity, RuntimeTest} from '@omni-cli/sdk'
import {type SelectRuntime, selectRuntime} from '../../../ome/shapes.ts'

export interface RuleInput {
  readonly runtime: ApiObject
  /** All that the operator would compare it with. */
  readonly others: readonly ApiObject[]
  /** Undefined: this user may not look at nodes. */
  readonly nodes: readonly NodeCapacity[] | undefined
  /** Names of the AcceleratorClasses; undefined when there is no such kind. */
  readonly classes: readonly string[] | undefined
}

export type RuntimeCheck = RuntimeTest['checks'][number]
export type Rule = (input: RuleInput) => RuntimeCheck

export const ok = (name: string, message: string): RuntimeCheck => ({name, status: 'ok', message})
export const warning = (name: string, message: string, hint?: string): RuntimeCheck => ({
  name,
  status: 'warning',
  message,
  hint,
})
export const failed = (name: string, message: string, hint?: string): RuntimeCheck => ({
  name,
  status: 'failed',
  message,
  hint,
})

export const ruleOf = ({metadata, spec}: ApiObject): SelectRuntime =>
  selectRuntime(metadata.name, metadata.namespace, spec)
