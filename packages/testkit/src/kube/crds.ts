import {BUILT_IN_KINDS, type ServedKind} from './kinds.ts'
import type {KubeObject} from './objects.ts'
import type {Store} from './store.ts'

const CRDS = 'customresourcedefinitions.apiextensions.k8s.io'

/** Serves what the CustomResourceDefinitions of the store describe, as they come and go. */
export function serveCustomKinds(store: Store): void {
  store.listen(({store: changed, type, object}) => {
    if (changed !== CRDS) return
    const custom = store.list(CRDS).flatMap(kindsOf)
    if (type === 'DELETED') removeObjects(store, object)
    store.kinds = [...BUILT_IN_KINDS, ...custom]
  })
}

function kindsOf({spec}: KubeObject): ServedKind[] {
  const {names, group, scope, versions} = spec
  const served: KubeObject[] = versions.filter((version: KubeObject) => version.served)
  return served.map(({name, schema, subresources = {}, additionalPrinterColumns}) => ({
    group,
    version: name,
    kind: names.kind,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    short: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === 'Namespaced',
    subresources: Object.keys(subresources),
    schema: schema?.openAPIV3Schema,
    columns: additionalPrinterColumns,
  }))
}

function removeObjects(store: Store, {spec}: KubeObject): void {
  const kind = store.kinds.find(({group, plural}) => group === spec.group && plural === spec.names.plural)
  if (kind === undefined) return
  for (const {metadata} of store.list(`${kind.plural}.${kind.group}`)) {
    store.remove(kind, `${metadata.namespace ?? ''}/${metadata.name}`)
  }
}

/** The status that a new definition gets. */
export function establish(crd: KubeObject): void {
  const at = crd.metadata.creationTimestamp
  const names = crd.spec.names
  names.singular ??= names.kind.toLowerCase()
  names.listKind ??= `${names.kind}List`
  const is = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    reason,
    message,
    lastTransitionTime: at,
  })
  crd.status = {
    acceptedNames: names,
    conditions: [
      is('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      is('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    storedVersions: crd.spec.versions.filter(({storage}: KubeObject) => storage).map(({name}: {name: string}) => name),
  }
}
