import type {CallOptions, ClusterCheck} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {fieldsAt} from '../../fields.ts'
import type {Look} from './health-look.ts'

interface Act {
  readonly verb: string
  readonly resource: string
  readonly subresource?: string | undefined
  readonly group?: string | undefined
  /** Not inside a namespace. */
  readonly isWide?: boolean | undefined
}

/** What commands of ours do, a word of each kind. */
const ACTS: readonly Act[] = [
  {verb: 'list', resource: 'pods'},
  {verb: 'get', resource: 'pods', subresource: 'log'},
  {verb: 'create', resource: 'pods', subresource: 'exec'},
  {verb: 'create', resource: 'pods', subresource: 'portforward'},
  {verb: 'list', resource: 'events'},
  {verb: 'create', resource: 'secrets'},
  {verb: 'create', resource: 'services'},
  {verb: 'create', resource: 'deployments', group: 'apps'},
  {verb: 'delete', resource: 'deployments', group: 'apps'},
  {verb: 'list', resource: 'nodes', isWide: true},
]

const OME_ACTS: readonly Act[] = [
  {verb: 'list', resource: 'inferenceservices', group: 'ome.io'},
  {verb: 'create', resource: 'inferenceservices', group: 'ome.io'},
  {verb: 'create', resource: 'clusterbasemodels', group: 'ome.io', isWide: true},
  {verb: 'create', resource: 'clusterservingruntimes', group: 'ome.io', isWide: true},
]

/** What this user may do in the namespace of the context, as the server itself says. */
export const permissionCheck: Look = async (client, call) => {
  const hasOme = (await client.kinds(call)).some(({group}) => group === 'ome.io')
  const acts = hasOme ? [...ACTS, ...OME_ACTS] : ACTS
  const answers = await Promise.all(acts.map((act) => isAllowed(client, act, call)))
  const denied = acts.filter((_, index) => answers[index] !== true)
  return [checkOf(denied.map(wordsOf), acts.length, client)]
}

function checkOf(denied: readonly string[], asked: number, {namespace}: KubeClient): ClusterCheck {
  const name = 'permissions'
  if (denied.length === 0) return {name, status: 'ok', message: `this user may do everything in '${namespace}'`}
  const none = denied.length === asked
  const message = none
    ? `this user may do nothing in '${namespace}'`
    : `in '${namespace}' this user may not: ${denied.join(', ')}`
  return {name, status: none ? 'failed' : 'warning', message}
}

const wordsOf = ({verb, resource, subresource}: Act): string =>
  `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`

async function isAllowed(client: KubeClient, act: Act, call: CallOptions): Promise<boolean> {
  const {verb, resource, subresource, group = '', isWide} = act
  const resourceAttributes = {
    ...{verb, group, resource},
    ...(subresource === undefined ? {} : {subresource}),
    ...(isWide === true ? {} : {namespace: client.namespace}),
  }
  const kind = 'SelfSubjectAccessReview'
  const review = await client.request(
    {
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: {apiVersion: 'authorization.k8s.io/v1', kind, spec: {resourceAttributes}},
    },
    call,
  )
  return fieldsAt(review, 'status').allowed === true
}
