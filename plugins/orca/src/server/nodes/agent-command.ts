import {OmniError, type ServiceSpec} from '@omni-cli/sdk'
import {toOrcaConfig} from '../../provider/map.ts'
import {secretKeys} from '../deploy/spec.ts'

/** What the answer to a heartbeat asks of an agent; Orca's agents know `deploy` alone. */
export interface AgentCommand {
  readonly action: 'deploy'
  /** Orca's WorkloadSpec: a service with its environment filled in. */
  readonly spec: Readonly<Record<string, unknown>>
}

/** UNSUPPORTED without an image, MANIFEST_INVALID with secrets that nothing fills in. */
export function deployCommand(
  spec: ServiceSpec,
  environment: ((spec: ServiceSpec) => Readonly<Record<string, string>>) | undefined,
): AgentCommand {
  const {name, image} = spec
  if (image === undefined) {
    throw new OmniError('UNSUPPORTED', `'${name}': other nodes run images only`, {
      hint: 'give it an image, or no placement',
    })
  }
  const missing = environment === undefined ? secretKeys(spec) : []
  if (missing.length > 0) {
    throw new OmniError('MANIFEST_INVALID', `the environment needs secrets that are not set: ${missing.join(', ')}`)
  }
  const {project, module, assets, depends_on, ...rest} = toOrcaConfig({
    ...spec,
    env: {...(environment?.(spec) ?? spec.env)},
  })
  return {action: 'deploy', spec: {...rest, image, deploy: strategyOfOrca(spec)}}
}

/** Orca refuses words that it does not know. */
const strategyOfOrca = ({deploy}: ServiceSpec) =>
  deploy === undefined || deploy.strategy === undefined || deploy.strategy === 'recreate'
    ? null
    : {strategy: deploy.strategy, canary_weight: deploy.canary_weight}
