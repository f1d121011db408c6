import {redact, type ServiceSpec} from '@omni-cli/sdk'

/** A service or a release as it may be printed: what looks like a secret in its spec is masked. */
export const withoutSecrets = <State extends {readonly spec: ServiceSpec}>(state: State): State => ({
  ...state,
  spec: redact(state.spec),
})
