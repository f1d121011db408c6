import type {DeclaredService} from '@omni-cli/sdk'
import type {Manifest} from '@omni-cli/sdk/engine'

/** The services of a manifest, as their engine wants to see them before they are deployed. */
export const declaredServices = ({resources}: Manifest): DeclaredService[] =>
  resources.flatMap(({kind, spec, folder}) => (kind === 'service' ? [{spec, folder}] : []))
