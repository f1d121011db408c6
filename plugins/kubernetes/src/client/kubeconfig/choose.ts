import {guess, OmniError} from '@omni-cli/sdk'
import type {ClusterEntry, ContextEntry, Kubeconfig, UserEntry, Written} from './kubeconfig.ts'

/** A context with what it refers to. */
export interface ChosenContext {
  readonly name: string
  readonly cluster: ClusterEntry
  readonly user: UserEntry
  readonly namespace?: string | undefined
}

const NOBODY: UserEntry = {headers: {}}

/** The named context, else the current one. NOT_FOUND with the nearest name; CONFIG_INVALID when it points nowhere. */
export function chooseContext(config: Kubeconfig, wanted: string | undefined): ChosenContext {
  const name = wanted ?? config.current
  const files = config.files.join(', ')
  if (name === undefined) {
    throw new OmniError('CONFIG_INVALID', `no context of ${files} is the current one`, {
      hint: 'omni cluster connect --context NAME',
    })
  }
  const written = config.contexts.get(name)
  if (written === undefined) {
    throw new OmniError(
      'NOT_FOUND',
      `there is no context '${name}' in ${files}${guess(name, config.contexts.keys())}`,
      {
        hint: 'omni cluster connect',
      },
    )
  }
  const {cluster, user} = written.entry
  const found = {cluster: config.clusters.get(cluster), user: user === undefined ? undefined : config.users.get(user)}
  const missing = [
    ...(found.cluster === undefined ? [lacks(written, 'cluster', cluster, config.clusters.keys())] : []),
    ...(user !== undefined && found.user === undefined ? [lacks(written, 'user', user, config.users.keys())] : []),
  ]
  if (found.cluster === undefined || missing.length > 0) {
    throw new OmniError('CONFIG_INVALID', missing.join('\n'), {hint: 'omni cluster connect --context NAME'})
  }
  return {
    name,
    cluster: found.cluster.entry,
    user: found.user?.entry ?? NOBODY,
    namespace: written.entry.namespace,
  }
}

const lacks = (
  {file, line, column}: Written<ContextEntry>,
  kind: string,
  name: string,
  known: Iterable<string>,
): string =>
  `${file}:${line}:${column}: the context names the ${kind} '${name}', which is not there${guess(name, known)}`
