import type {ListOptions, ObjectListOptions} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'

/** Where and what to list; whole objects. */
export const listScope = (client: KubeClient, options: ListOptions): ObjectListOptions => ({
  ...(options.allProjects === true ? {allNamespaces: true} : {namespace: options.project ?? client.namespace}),
  labels: options.labels,
  whole: true,
  signal: options.signal,
})
