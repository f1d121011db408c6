import type {ClusterCheck} from '@omni-cli/sdk'
import type {Look} from './health-look.ts'

interface Optional {
  readonly name: string
  readonly group: string
  /** What is not possible without it. */
  readonly needs: string
}

const OPTIONAL: readonly Optional[] = [
  {name: 'metrics', group: 'metrics.k8s.io', needs: 'autoscaling by CPU and memory needs it'},
  {name: 'keda', group: 'keda.sh', needs: 'autoscaling by requests needs it'},
  {name: 'lws', group: 'leaderworkerset.x-k8s.io', needs: 'models over several nodes need it'},
  {name: 'knative', group: 'serving.knative.dev', needs: 'scaling to zero and splitting traffic need it'},
  {name: 'prometheus', group: 'monitoring.coreos.com', needs: 'recorded metrics need it'},
]

/** What services may use beside OME; not to have it is no fault. */
export const optionalChecks: Look = async (client, call) => {
  const kinds = await client.kinds(call)
  return OPTIONAL.map(({name, group, needs}): ClusterCheck => {
    const versions = new Set(kinds.filter((kind) => kind.group === group).map(({version}) => version))
    const message = versions.size === 0 ? `not here; ${needs}` : `${group} ${[...versions].join(', ')}`
    return {name, status: 'ok', message}
  })
}
