import {
  type CanaryVerdict,
  deploySpec,
  isOmniError,
  mapLimit,
  OmniError,
  requireFacet,
  type ServiceEngine,
} from '@omni-cli/sdk'
import type {BaseCommand, View} from '@omni-cli/sdk/cli'
import type {Manifest, Resource} from '@omni-cli/sdk/engine'
import {hasCanary, type WithCanary, withVerdicts} from './canary-view.ts'

export interface CanaryWish {
  /** Percent of the requests; undefined: as the files say. */
  readonly weight: number | undefined
  /** Wait until measures have decided. */
  readonly auto: boolean
}

/** The services of a manifest deployed as canaries. USAGE when there are none to wait for. */
export function asCanaries(manifest: Manifest, {weight, auto}: CanaryWish): Manifest {
  const wanted = weight === undefined ? manifest : withWeight(manifest, weight)
  if (!auto || wanted.resources.some(isCanary)) return wanted
  throw new OmniError('USAGE', '--auto needs --canary WEIGHT, or a service whose strategy is canary', {
    hint: 'omni deploy --canary 20 --auto',
  })
}

function withWeight(manifest: Manifest, weight: number): Manifest {
  const resources = manifest.resources.map((resource): Resource => {
    if (resource.kind !== 'service') return resource
    const {spec, written} = resource
    const wanted = {strategy: 'canary', canary_weight: weight} as const
    return {
      ...resource,
      spec: {...spec, deploy: {...(spec.deploy ?? deploySpec.parse({})), ...wanted}},
      written: {...written, deploy: {...asObject(written.deploy), ...wanted}},
    }
  })
  return {...manifest, resources}
}

export interface AfterDeploy {
  /** A canary was asked for, whatever the files say. */
  readonly isAsked: boolean
  /** What is shown of the deploy. */
  readonly view: View | undefined
  /** Wait until measures have decided. */
  readonly auto: boolean
}

/** After a deploy: tells what becomes of the canaries that it began, or waits until that is decided. */
export async function followCanaries(
  command: BaseCommand,
  manifest: Manifest,
  {view, auto, isAsked}: AfterDeploy,
): Promise<View | undefined> {
  const names = manifest.resources.filter(isCanary).map(({name}) => name)
  if (names.length === 0 || view === undefined) return view
  const engine = await (await command.session()).open('service')
  const services = (await engine.list({signal: command.signal})).filter(({name}) => names.includes(name))
  const found = services.filter(hasCanary)
  if (!auto) for (const service of found) command.notice(nextSteps(service))
  for (const {name, release, canary} of isAsked ? services : []) {
    if (canary === undefined) command.notice(`${name} has no canary: release ${release ?? '?'} gets all requests`)
  }
  if (!auto || found.length === 0) return view
  const progress = await command.progress()
  const verdicts = await mapLimit(found, 8, (service) =>
    progress.step(`measure the canary of ${service.name}`, (step) =>
      verdictOf(engine, service, {signal: command.signal, onProgress: (note) => step.note(note)}),
    ),
  )
  return view?.type === 'item' ? withVerdicts({...view, data: asObject(view.data)}, verdicts) : view
}

const isCanary = (resource: Resource): boolean =>
  resource.kind === 'service' && resource.spec.deploy?.strategy === 'canary'

function nextSteps({name, canary}: WithCanary): string {
  const head = `release ${canary.release} of ${name} is a canary with ${canary.weight} % of the requests`
  const steps = `omni promote ${name}, or omni canary abort ${name}`
  return canary.auto ? `${head}; its measures decide: omni canary status ${name}` : `${head}; to go on: ${steps}`
}

/** A canary that decides by itself may have done so before it was asked. */
async function verdictOf(
  engine: ServiceEngine,
  {name, canary}: WithCanary,
  options: {readonly signal: AbortSignal; readonly onProgress: (note: string) => void},
): Promise<CanaryVerdict> {
  try {
    return await requireFacet(engine, 'canary').decide(name, options)
  } catch (error) {
    if (!isOmniError(error) || error.code !== 'CONFLICT') throw error
    const service = await engine.get(name, options)
    if (service === undefined || service.canary !== undefined) throw error
    const releases = (await engine.releases?.list(name, options)) ?? []
    const release = releases.find(({id}) => id === canary.release)
    const verdict = release?.status === 'failed' ? 'aborted' : 'promoted'
    return {verdict, reason: release?.failure?.message ?? 'it was decided before', service}
  }
}

const asObject = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {})
