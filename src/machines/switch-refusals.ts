import type {CallOptions, InstanceProvider, Refusal} from '@omni-cli/sdk'
import {loadNamed} from '../apply/load.ts'

/** What a driver cannot honour of the machines in files, all of it. */
export async function refusalsOf(
  provider: InstanceProvider,
  files: readonly string[],
  {signal}: CallOptions = {},
): Promise<readonly Refusal[]> {
  const {resources} = await loadNamed({files})
  return provider.refusals(
    {
      instances: resources.flatMap((resource) => (resource.kind === 'instance' ? [resource.spec] : [])),
      profiles: resources.flatMap(({kind, name}) => (kind === 'profile' ? [name] : [])),
      networks: resources.flatMap(({kind, name}) => (kind === 'network' ? [name] : [])),
    },
    {signal},
  )
}

export const refusedText = ({instance, path, message, hint}: Refusal): string =>
  `${[instance, ...path].join('.')}: ${message}${hint === undefined ? '' : ` (${hint})`}`
