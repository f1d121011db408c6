import type {CallOptions, InstanceProvider, Refusal} from '@omni-cli/sdk'
import {loadNamed} from '../apply/load.ts'
import {wantedInstances} from '../apply/refusals.ts'

/** What a driver cannot honour of the machines in files, all of it. */
export async function refusalsOf(
  provider: InstanceProvider,
  files: readonly string[],
  {signal}: CallOptions = {},
): Promise<readonly Refusal[]> {
  return provider.refusals(wantedInstances(await loadNamed({files})), {signal})
}

export const refusedText = ({instance, path, message, hint}: Refusal): string =>
  `${[instance, ...path].join('.')}: ${message}${hint === undefined ? '' : ` (${hint})`}`
