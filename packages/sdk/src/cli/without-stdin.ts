import type {Interfaces} from '@oclif/core'

type Parsed = Interfaces.OutputFlags<Interfaces.FlagInput>

/**
 * oclif fills an argument that is not given from stdin. That would eat the input of a loop like
 * `while read name; do omni restart "$name"; done`, and it makes every start wait for a pipe.
 */
export function withoutStdin<F extends Parsed, B extends Parsed, A extends Parsed>(
  options: Interfaces.Input<F, B, A>,
): Interfaces.Input<F, B, A> {
  if (options.args === undefined) return options
  const args: Interfaces.ArgInput<A> = {...options.args}
  for (const [name, arg] of Object.entries(options.args)) Object.assign(args, {[name]: {...arg, ignoreStdin: true}})
  const result = {...options, args}
  // A spread does not see what a class inherits.
  if (options.flags !== undefined) result.flags = options.flags
  if (options.baseFlags !== undefined) result.baseFlags = options.baseFlags
  return result
}
