import {join, resolve} from 'node:path'
import {hostNameProblem, nameProblem, OmniError, type ServiceInput, type ServiceSpec, serviceSpec} from '@omni-cli/sdk'
import {loadManifest, type Manifest, type Resource} from '@omni-cli/sdk/engine'
import {detect} from './detect.ts'
import type {Detection} from './detection.ts'
import {openFolder} from './folder.ts'

/** What the command line says in place of the files. */
export interface Overrides {
  readonly name?: string | undefined
  /** Port of this machine that the service answers on. */
  readonly port?: number | undefined
  readonly replicas?: number | undefined
  readonly domain?: string | undefined
  readonly build: boolean
  readonly env?: string | undefined
}

export interface Analysis {
  readonly detection: Detection
  readonly manifest: Manifest
  readonly notes: readonly string[]
}

/**
 * What a folder wants to run: from its files, or recognised. MANIFEST_INVALID with every problem of the files; USAGE
 * when an override fits no single service.
 */
export async function analyse(dir: string, overrides: Overrides, signal?: AbortSignal): Promise<Analysis> {
  const detection = detect(openFolder(dir))
  const declared = detection.manifests.map((file) => join(dir, file))
  const {manifest, notes} =
    declared.length > 0
      ? await loadDeclared(declared, overrides.env, signal)
      : {manifest: manifestOf(dir, detection, overrides.env), notes: []}
  return {detection, manifest: override(manifest, overrides), notes: [...detection.notes, ...notes]}
}

/** With the overlay of an environment; a file that knows no environments at all is the same in each. */
export async function loadDeclared(
  files: readonly string[],
  env: string | undefined,
  signal?: AbortSignal,
): Promise<{readonly manifest: Manifest; readonly notes: readonly string[]}> {
  const plain = await loadManifest(files, {signal})
  if (env === undefined) return {manifest: plain, notes: []}
  if (plain.environments.length > 0) return {manifest: await loadManifest(files, {env, signal}), notes: []}
  return {manifest: plain, notes: [`the files have no environments: '${env}' changes nothing`]}
}

function manifestOf(dir: string, detection: Detection, env: string | undefined): Manifest {
  const folder = resolve(dir)
  const [first] = detection.services
  const plan = first?.project ?? first?.name ?? 'app'
  const resources = detection.services.map((input): Resource => {
    const written: ServiceInput =
      env === undefined ? input : {...input, env: {...input.env, ...environment(detection, env)}}
    const spec = serviceSpec.parse(written)
    return {kind: 'service', name: spec.name, spec, written, plan, origin: {file: dir, line: 1, column: 1}, folder}
  })
  return {resources, plans: [plan], environments: [], warnings: []}
}

/** Node programs and their build tools look at NODE_ENV. */
const environment = (detection: Detection, env: string): Record<string, string> =>
  detection.kind === 'node' ? {OMNI_ENV: env, NODE_ENV: env === 'development' ? env : 'production'} : {OMNI_ENV: env}

function override(manifest: Manifest, overrides: Overrides): Manifest {
  const problem = overrides.domain === undefined ? undefined : hostNameProblem(overrides.domain)
  if (problem !== undefined) throw new OmniError('USAGE', `--domain '${overrides.domain}': ${problem}`)
  const renamed = rename(manifest, overrides.name)
  const wanted: Partial<ServiceSpec> = {
    ...(overrides.port === undefined ? {} : {host_port: overrides.port}),
    ...(overrides.replicas === undefined ? {} : {replicas: overrides.replicas}),
    ...(overrides.domain === undefined ? {} : {domain: overrides.domain}),
  }
  const target = Object.keys(wanted).length === 0 ? undefined : entrance(renamed)
  const resources = renamed.resources.map((resource): Resource => {
    if (resource.kind !== 'service') return resource
    const own = resource === target ? wanted : {}
    const {build, ...spec} = resource.spec
    const {build: _, ...written} = resource.written
    if (!overrides.build) return {...resource, spec: {...spec, ...own}, written: {...written, ...own}}
    return {...resource, spec: {...resource.spec, ...own}, written: {...resource.written, ...own}}
  })
  return {...renamed, resources}
}

function rename(manifest: Manifest, name: string | undefined): Manifest {
  if (name === undefined) return manifest
  const problem = nameProblem(name)
  if (problem !== undefined) throw new OmniError('USAGE', `--name '${name}': ${problem}`)
  const [only, ...others] = manifest.resources
  if (only?.kind !== 'service' || others.length > 0) {
    throw new OmniError('USAGE', `--name fits one service, and there are ${manifest.resources.length}`)
  }
  const named = {...only, name, spec: {...only.spec, name}, written: {...only.written, name}, plan: name}
  return {...manifest, resources: [named], plans: [name]}
}

/** The service that overrides mean: the only one, or the only one with a port. */
function entrance(manifest: Manifest): Resource {
  const services = manifest.resources.filter(({kind}) => kind === 'service')
  const open = services.filter(({kind, spec}) => kind === 'service' && 'port' in spec && spec.port !== undefined)
  const [only, ...others] = services.length === 1 ? services : open
  if (only !== undefined && others.length === 0) return only
  throw new OmniError('USAGE', `--port, --replicas and --domain fit one service, and there are ${services.length}`, {
    hint: 'write them into omni.yaml',
  })
}
