import {type CallOptions, mapLimit, type ObjectApi, type ObjectRef, OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import type {Manifest} from '@omni-cli/sdk/engine'
import {objectThing} from '../../resources/object-kind.ts'
import {apiVersionOf, type NamedObjects, refOfName} from '../../resources/object-words.ts'
import type {Doomed} from '../doomed.ts'
import {hasObjects} from './has-objects.ts'
import {objectRef} from './refs.ts'

/** The named objects that are there. NOT_FOUND for one that is not, unless that is ignored. */
export async function doomedByWords(
  target: NamedObjects,
  options: CallOptions & {readonly ignoreNotFound: boolean},
): Promise<Doomed[]> {
  const {api, kind, names} = target
  const {ignoreNotFound, signal} = options
  const found = await mapLimit([...new Set(names)], 8, async (name) => {
    const ref = refOfName(target, name)
    return {name, thing: (await api.get(ref, {signal})) === undefined ? undefined : objectThing(api, kind, ref)}
  })
  const missing = found.filter(({thing}) => thing === undefined).map(({name}) => name)
  if (missing.length > 0 && !ignoreNotFound) {
    throw new OmniError('NOT_FOUND', `there is no ${kind.singular} '${missing.join("', '")}'`, {
      hint: `omni get ${kind.plural}`,
    })
  }
  return found.flatMap(({thing}) => (thing === undefined ? [] : [{...thing, needs: []}]))
}

/** All objects of the kind with the labels. */
export async function doomedByLabels(
  {api, kind}: NamedObjects,
  labels: Readonly<Record<string, string>>,
  options: CallOptions,
): Promise<Doomed[]> {
  const {rows} = await api.list(kind, {labels, ...options})
  return rows.map(({object: {metadata}}) => {
    const {namespace, name} = metadata
    return {...objectThing(api, kind, {apiVersion: apiVersionOf(kind), kind: kind.kind, namespace, name}), needs: []}
  })
}

/** The objects of files that are there; what is in a namespace or of a kind that goes as well, goes before it. */
export async function doomedInFiles(
  session: Session,
  {objects = []}: Manifest,
  options: CallOptions,
): Promise<Doomed[]> {
  if (objects.length === 0) return []
  if (!hasObjects(session)) {
    throw new OmniError(
      'UNSUPPORTED',
      `Kubernetes objects need a cluster, which context '${session.context.name}' does not have`,
      {
        hint: 'omni cluster connect',
      },
    )
  }
  const api = await session.open('object')
  const found = await mapLimit(objects, 16, async ({object: {apiVersion, kind, metadata}}): Promise<Doomed[]> => {
    const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : 'core'
    const served = await api.findKind(`${kind}.${group}`, options)
    if (served === undefined) return []
    const place = served.namespaced ? {namespace: metadata.namespace ?? api.namespace} : {}
    const ref: ObjectRef = {apiVersion: apiVersionOf(served), kind, ...place, name: metadata.name}
    if ((await api.get(ref, options)) === undefined) return []
    const needs = [
      ...(ref.namespace === undefined ? [] : [`namespace/${ref.namespace}`]),
      `customresourcedefinition/${served.plural}.${served.group}`,
    ]
    return [{...objectThing(api, served, ref), needs}]
  })
  return found.flat()
}

/** Our own kinds that are objects of OME in a cluster. */
const OME_KINDS: Readonly<Record<string, readonly string[]>> = {
  model: ['clusterbasemodel.ome.io', 'basemodel.ome.io'],
  runtime: ['clusterservingruntime.ome.io', 'servingruntime.ome.io'],
}

/** What would break without the things: a remark for each. */
export async function dependantNotes(
  session: Session,
  doomed: readonly Doomed[],
  options: CallOptions,
): Promise<readonly string[]> {
  if (!hasObjects(session) || doomed.length === 0) return []
  const api = await session.open('object')
  const going = new Set(doomed.map(({kind, name}) => `${kind.kind}/${name}`))
  const named = await mapLimit(doomed, 8, async (thing) =>
    (await refsOf(api, thing, options)).map((ref) => ({thing, ref})),
  )
  const asked = named.flat()
  const users = await api.dependants(
    asked.map(({ref}) => ref),
    options,
  )
  return asked.flatMap(({thing}, index) => {
    const names = (users[index] ?? []).map((user) => objectRef(user, api.namespace)).filter((ref) => !going.has(ref))
    return names.length === 0 ? [] : [`${thing.kind.kind}/${thing.name} is used by ${[...new Set(names)].join(', ')}`]
  })
}

async function refsOf(api: ObjectApi, {kind, name, state}: Doomed, options: CallOptions): Promise<ObjectRef[]> {
  const words = kind.contract === 'object' ? [kind.kind] : (OME_KINDS[kind.kind] ?? [])
  const found = await mapLimit(words, 4, async (word) => {
    const served = await api.findKind(word, options)
    return served === undefined ? [] : [refOfName({api, kind: served}, state.name === name ? name : state.name)]
  })
  return found.flat()
}
