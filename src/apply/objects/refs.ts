import type {ObjectRef} from '@omni-cli/sdk'

/** Words of our own kinds that are also names of kinds of Kubernetes. */
export const OWN_WORDS: readonly string[] = [
  'service',
  'event',
  'node',
  'instance',
  'model',
  'runtime',
  'accelerator',
  'release',
  'network',
  'profile',
  'image',
]

/** What a kind of objects is called in a reference: `deployment`, and `service.core` where the word is taken. */
export function objectWord({kind, group}: {readonly kind: string; readonly group: string}): string {
  const word = kind.toLowerCase()
  if (!OWN_WORDS.includes(word)) return word
  return `${word}.${group === '' ? 'core' : group}`
}

const groupOf = (apiVersion: string) => (apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '')

/** `configmap/web`, or `configmap/shop/web` when it is not in the namespace that is worked in. */
export function objectRef({apiVersion, kind, namespace, name}: ObjectRef, home: string): string {
  const word = objectWord({kind, group: groupOf(apiVersion)})
  return namespace === undefined || namespace === home ? `${word}/${name}` : `${word}/${namespace}/${name}`
}
