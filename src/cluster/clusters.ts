import {OmniError} from '@omni-cli/sdk'
import {type Context, listView, type OmniConfig, type View} from '@omni-cli/sdk/cli'
import {allContexts, contextNamed, switchContext} from '../context/contexts.ts'

/** Contexts that have a cluster. */
export function clustersView(config: OmniConfig, current: string): View {
  const isCurrent = ({name}: Context) => name === current
  return listView<Context>({
    rows: allContexts(config).filter(({cluster}) => cluster !== undefined),
    columns: [
      {header: 'CURRENT', value: (row) => (isCurrent(row) ? '*' : ' ')},
      {header: 'NAME', value: ({name}) => name, tone: (row) => (isCurrent(row) ? 'good' : 'plain')},
      {header: 'CLUSTER', value: ({cluster}) => cluster},
      {header: 'NAMESPACE', value: ({namespace}) => namespace},
      {header: 'PROTECTED', value: (row) => (row.protected === true ? 'yes' : undefined)},
    ],
    ref: ({name}) => `context/${name}`,
    data: (row) => ({
      ...{name: row.name, cluster: row.cluster, namespace: row.namespace},
      ...{protected: row.protected === true, current: isCurrent(row)},
    }),
    empty: 'no context has a cluster yet: omni cluster connect',
  })
}

/** Makes a context with a cluster the current one. NOT_FOUND when there is none of that name, or it has no cluster. */
export async function useCluster(home: string, config: OmniConfig, name: string): Promise<Context> {
  const context = contextNamed(config, name)
  if (context.cluster === undefined) {
    throw new OmniError('NOT_FOUND', `the context '${name}' has no cluster`, {hint: 'omni cluster list'})
  }
  await switchContext(home, name)
  return context
}
