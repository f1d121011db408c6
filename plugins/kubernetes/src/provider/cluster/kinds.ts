import type {ObjectKind} from '@omni-cli/sdk'

const VERBS = ['get', 'list', 'watch'] as const

/** Kinds that every server has, so that nobody needs to be asked for them. */
const builtIn = (group: string, version: string, kind: string, namespaced: boolean): ObjectKind => {
  const singular = kind.toLowerCase()
  return {group, version, kind, plural: `${singular}s`, singular, short: [], namespaced, verbs: VERBS}
}

export const NODE = builtIn('', 'v1', 'Node', false)
export const POD = builtIn('', 'v1', 'Pod', true)
export const CONFIG_MAP = builtIn('', 'v1', 'ConfigMap', true)
export const ENDPOINTS = {...builtIn('', 'v1', 'Endpoints', true), plural: 'endpoints'}
export const DEPLOYMENT = builtIn('apps', 'v1', 'Deployment', true)
export const DAEMON_SET = builtIn('apps', 'v1', 'DaemonSet', true)
const ADMISSION = 'admissionregistration.k8s.io'
export const WEBHOOKS = [
  builtIn(ADMISSION, 'v1', 'ValidatingWebhookConfiguration', false),
  builtIn(ADMISSION, 'v1', 'MutatingWebhookConfiguration', false),
]
