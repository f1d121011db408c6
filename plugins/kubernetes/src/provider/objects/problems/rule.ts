import type {ApiObject, ObjectProblem} from '@omni-cli/sdk'

export type RuleProblem = Omit<ObjectProblem, 'index'>

/** What the schema of a kind cannot say, and the operator refuses or silently does otherwise. */
export interface OmeRule {
  readonly kinds: readonly string[]
  check(object: ApiObject): readonly RuleProblem[]
}

export const error = (path: RuleProblem['path'], message: string, hint?: string): RuleProblem => ({
  path,
  severity: 'error',
  message,
  ...(hint === undefined ? {} : {hint}),
})
export const warning = (path: RuleProblem['path'], message: string, hint?: string): RuleProblem => ({
  ...error(path, message, hint),
  severity: 'warning',
})
