import {type CallOptions, type InstanceProvider, redact, type WantedInstances} from '@omni-cli/sdk'
import type {FoundProblem, Manifest, Plan} from '@omni-cli/sdk/engine'

const SENDS = ['create', 'update', 'rebuild', 'replace']

/**
 * Asks the driver what it cannot honour of the machines of the files, when the plan would send one of them. All of it is thrown
 * as one UNSUPPORTED with places, before anything is made.
 */
export async function refuseImpossible(
  manifest: Manifest,
  plan: Plan,
  provider: InstanceProvider | undefined,
  options: CallOptions,
): Promise<void> {
  const isAsked = plan.operations.some(({ref, action}) => ref.startsWith('instance/') && SENDS.includes(action))
  if (provider === undefined || !isAsked) return
  const refusals = await provider.refusals(wantedInstances(manifest), options)
  if (refusals.length === 0) return
  const {locate, problemsError} = await import('@omni-cli/sdk/engine')
  throw problemsError(
    redact(refusals, manifest.secrets).map(({instance, path, message, hint}): FoundProblem => {
      const place = locate(manifest, `instance/${instance}`, path) ?? {file: instance, line: 1, column: 1}
      return {...place, message: `instance '${instance}': ${message}`, hint, code: 'UNSUPPORTED'}
    }),
  )
}

/** What files make, for the question what a driver cannot honour. */
export const wantedInstances = ({resources}: Pick<Manifest, 'resources'>): WantedInstances => ({
  instances: resources.flatMap((resource) => (resource.kind === 'instance' ? [resource.spec] : [])),
  profiles: resources.flatMap(({kind, name}) => (kind === 'profile' ? [name] : [])),
  networks: resources.flatMap(({kind, name}) => (kind === 'network' ? [name] : [])),
})
