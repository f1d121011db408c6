import type {PodName} from '../kube-client.ts'

/** Path of a subresource of a pod. */
export const podPath = ({namespace, name}: PodName, subresource: 'log' | 'exec' | 'attach' | 'portforward'): string =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/${subresource}`
