import {stat} from 'node:fs/promises'
import {resolve} from 'node:path'
import type {CallOptions, InstanceSpec, ObjectApi} from '@omni-cli/sdk'
import {type ItemView, itemView, type Session, type TextLine} from '@omni-cli/sdk/cli'
import type {Manifest, Problem} from '@omni-cli/sdk/engine'
import {hasObjects} from './objects/has-objects.ts'
import {problemsOf} from './objects/plan-objects.ts'
import {objectRef} from './objects/refs.ts'

/** What `omni validate` answers when nothing is wrong. */
export interface Validation {
  readonly valid: true
  readonly resources: readonly string[]
  readonly environments: readonly string[]
  readonly warnings: readonly Problem[]
  /** How Kubernetes objects were checked; absent when there are none. `form`: without a cluster nobody knows their fields. */
  readonly objects?: 'schema' | 'form' | undefined
}

export interface ValidateOptions extends CallOptions {
  /** Whose cluster is asked which fields its kinds have. Absent: none. */
  readonly session?: (() => Promise<Session>) | undefined
}

/**
 * Checks what can be known without any engine: order, references and sources; of Kubernetes objects the fields, as the cluster of the
 * context serves them. Throws MANIFEST_INVALID with every problem.
 */
export async function validateManifest(
  manifest: Manifest,
  {session, signal}: ValidateOptions = {},
): Promise<Validation> {
  const {orderResources, problemsError, refOf} = await import('@omni-cli/sdk/engine')
  const {resources, environments, objects = []} = manifest
  orderResources(manifest)
  const api = objects.length === 0 || session === undefined ? undefined : await clusterOf(await session())
  const plain = objects.map(({object}) => object)
  const found = problemsOf(objects, (await api?.problems(plain, {signal})) ?? [])
  if (found.errors.length > 0) throw problemsError(found.errors)
  const warnings = [
    ...manifest.warnings,
    ...found.warnings,
    ...absentReferences(manifest),
    ...(await absentSources(manifest)),
  ]
  const refs = plain.map(({apiVersion, kind, metadata: {namespace, name}}) =>
    objectRef({apiVersion, kind, namespace, name}, api?.namespace ?? ''),
  )
  return {
    valid: true,
    resources: [...resources.map(refOf), ...refs],
    environments,
    warnings,
    ...(objects.length === 0 ? {} : {objects: api === undefined ? 'form' : 'schema'}),
  }
}

const clusterOf = async (session: Session): Promise<ObjectApi | undefined> =>
  hasObjects(session) ? session.open('object') : undefined

/** They may be there already, which only an engine knows. */
function absentReferences({resources}: Manifest): Problem[] {
  const refs = new Set(resources.map(({kind, name}) => `${kind}/${name}`))
  const isKnown = (name: string) => refs.has(`service/${name}`) || refs.has(`instance/${name}`)
  return resources.flatMap((resource) => {
    if (resource.kind === 'profile' || resource.kind === 'network') return []
    const own = `${resource.kind} '${resource.name}'`
    const absent = (resource.spec.depends_on ?? []).filter((name) => !isKnown(name))
    const messages = absent.map((name) => `${own} depends on '${name}', which is not in the files; it must be running`)
    if (resource.kind === 'instance')
      messages.push(...absentParts(resource.spec, refs).map((part) => `${own} uses ${part}`))
    return messages.map((message) => ({...resource.origin, message}))
  })
}

function absentParts({profiles = [], network}: InstanceSpec, refs: ReadonlySet<string>): string[] {
  const wanted = [
    ...profiles.map((name) => ({kind: 'profile', name})),
    ...(network?.name === undefined ? [] : [{kind: 'network', name: network.name}]),
  ]
  return wanted
    .filter(({kind, name}) => !refs.has(`${kind}/${name}`))
    .map(({kind, name}) => `the ${kind} '${name}', which is not in the files; it must be there`)
}

async function absentSources({resources}: Manifest): Promise<Problem[]> {
  const found = await Promise.all(
    resources.map(async (resource): Promise<Problem | undefined> => {
      if (resource.kind !== 'service' || resource.spec.source === undefined) return undefined
      const path = resolve(resource.folder, resource.spec.source)
      const isFolder = await stat(path).then(
        (stats) => stats.isDirectory(),
        () => false,
      )
      const message = `the source of service '${resource.name}' is no folder: '${path}'`
      return isFolder ? undefined : {...resource.origin, message}
    }),
  )
  return found.filter((problem) => problem !== undefined)
}

export const validationView = (validation: Validation, showsWarnings: boolean): ItemView<Validation> =>
  itemView({
    data: validation,
    text: ({resources, environments, warnings, objects}) => [
      [
        ['✔ ', 'good'],
        `valid: ${countOf(resources)}${environments.length === 0 ? '' : `; environments: ${environments.join(', ')}`}`,
      ],
      ...(objects === 'form'
        ? [[['only the form of the Kubernetes objects was checked: no cluster was asked', 'warn']] satisfies TextLine]
        : []),
      ...(showsWarnings ? warnings.map(warningLine) : warningCount(warnings.length)),
    ],
  })

function countOf(refs: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const ref of refs) {
    const kind = ref.split('/')[0] ?? ''
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  const parts = [...counts].map(([kind, count]) => (count === 1 ? `1 ${kind}` : `${count} ${kind}s`))
  return parts.length === 0 ? 'nothing in it' : parts.join(', ')
}

const warningLine = ({file, line, column, message, hint}: Problem): TextLine => [
  ['warning: ', 'warn'],
  `${file}:${line}:${column}: ${message}${hint === undefined ? '' : `; ${hint}`}`,
]

const warningCount = (count: number): TextLine[] =>
  count === 0 ? [] : [[[count === 1 ? 'one warning' : `${count} warnings`, 'warn'], ', shown with --warnings']]
