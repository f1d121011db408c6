import type {ServiceSpec} from '@omni-cli/sdk'
import {portOf} from '../routes.ts'

export interface Dependency {
  readonly spec: ServiceSpec
  readonly port: number | undefined
}

/**
 * Environment of a service: `X_HOST`, `X_PORT` and `X_URL` of each dependency, through the proxy so that they hold over
 * deploys, and what the spec says, which wins.
 */
export function environmentOf(
  spec: ServiceSpec,
  find: (name: string) => Dependency | undefined,
): Record<string, string> {
  const addresses = spec.depends_on.flatMap((name) => {
    const dependency = find(name)
    const port = dependency === undefined ? undefined : portOf(dependency.spec, dependency.port)
    if (dependency === undefined || port === undefined) return []
    const prefix = name.toUpperCase().replaceAll('-', '_')
    const scheme = dependency.spec.protocol === 'tcp' ? 'tcp' : 'http'
    return [
      [`${prefix}_HOST`, '127.0.0.1'],
      [`${prefix}_PORT`, String(port)],
      [`${prefix}_URL`, `${scheme}://127.0.0.1:${port}`],
    ]
  })
  return {...Object.fromEntries(addresses), ...spec.env}
}
