import {type AutoscaleWish, OmniError, type ServingSpec} from '@omni-cli/sdk'
import type {Preferences} from '@omni-cli/sdk/cli'

/** What flags, or an entry of a batch, say about a served model. */
export interface ServingWish {
  readonly name: string
  readonly model: string
  readonly namespace?: string | undefined
  readonly runtime?: string | undefined
  readonly replicas?: number | undefined
  readonly autoscale?: boolean | undefined
  readonly minReplicas?: number | undefined
  readonly maxReplicas?: number | undefined
  readonly metric?: string | undefined
  readonly target?: number | undefined
  readonly query?: string | undefined
  readonly accelerator?: string | undefined
  readonly decoder?: boolean | undefined
  readonly canary?: number | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
}

const MOST_REPLICAS = 1000
/** Of a service that scales, when nothing says up to where. */
const USUAL_MOST = 3
const USUAL_TARGET: Readonly<Record<string, number>> = {cpu: 80, memory: 80}

/** The spec, with what the preferences say about what is left open. USAGE for what contradicts itself. */
export function servingSpec(wish: ServingWish, preferences: Preferences = {}): ServingSpec {
  const {name, model, namespace, accelerator, decoder, canary, labels} = wish
  const scaling = scalingOf(wish, preferences['auto-scaling'] === true)
  return {
    ...{name, model, runtime: runtimeOf(wish, preferences)},
    ...scaling,
    ...(namespace === undefined ? {} : {namespace}),
    ...(accelerator === undefined ? {} : {accelerator}),
    ...(decoder === true ? {decoder} : {}),
    ...(canary === undefined ? {} : {canary}),
    ...(labels === undefined ? {} : {labels}),
  }
}

/** The named one; else the operator's choice where that is preferred; else the default; else the operator's choice. */
function runtimeOf({runtime}: ServingWish, preferences: Preferences): string | undefined {
  const {'default-runtime': usual, 'auto-select-runtime': isAutomatic} = preferences
  if (runtime !== undefined) return runtime === 'auto' ? undefined : runtime
  if (isAutomatic === true) return undefined
  if (usual === undefined && isAutomatic === false) {
    throw new OmniError('USAGE', 'which runtime? The preference auto-select-runtime is off', {
      hint: 'omni runtime suggest MODEL, then --runtime NAME, or --runtime auto',
    })
  }
  return usual
}

function scalingOf(
  wish: ServingWish,
  isPreferred: boolean,
): Pick<ServingSpec, 'minReplicas' | 'maxReplicas' | 'autoscale'> {
  const {replicas, minReplicas: min, maxReplicas: max} = wish
  const least = min ?? (wish.autoscale === true || max !== undefined ? 1 : (replicas ?? 1))
  const isAsked = wish.autoscale === true || wish.metric !== undefined || wish.query !== undefined
  const isRange = max !== undefined && max > least
  const isSilent = [wish.autoscale, replicas, min, max].every((value) => value === undefined)
  const scales = wish.autoscale !== false && (isAsked || isRange || (isSilent && isPreferred))
  if (!scales) {
    const fixed = replicas ?? min ?? max ?? 1
    if ((min !== undefined && min !== fixed) || (max !== undefined && max !== fixed))
      throw contradiction(fixed, min, max)
    return {minReplicas: sane(fixed), maxReplicas: fixed}
  }
  const most = sane(max ?? Math.max(USUAL_MOST, least, replicas ?? 0))
  if (most < least) throw new OmniError('USAGE', `--max-replicas ${most} is less than --min-replicas ${least}`)
  if (replicas !== undefined && (replicas < least || replicas > most)) throw contradiction(replicas, least, most)
  return {minReplicas: sane(least), maxReplicas: most, autoscale: autoscaleWish(wish)}
}

const contradiction = (replicas: number, min: number | undefined, max: number | undefined): OmniError =>
  new OmniError('USAGE', `${replicas} replicas do not lie between ${min ?? replicas} and ${max ?? replicas}`, {
    hint: 'either --replicas, or --autoscale with --min-replicas and --max-replicas',
  })

/** CPU in percent when nothing else is asked for: all that needs no KEDA. */
export function autoscaleWish({
  metric,
  target,
  query,
}: Pick<ServingWish, 'metric' | 'target' | 'query'>): AutoscaleWish {
  const name = metric ?? (query === undefined ? 'cpu' : 'query')
  const aim = target ?? USUAL_TARGET[name]
  if (aim === undefined) {
    throw new OmniError('USAGE', `what is ${name} to be aimed at?`, {hint: `--metric ${name} --target N`})
  }
  return {metric: name, target: aim, ...(query === undefined ? {} : {query})}
}

function sane(count: number): number {
  if (count > MOST_REPLICAS) throw new OmniError('USAGE', `${count} replicas are too many; at most ${MOST_REPLICAS}`)
  return count
}

/** Value of `--target`. USAGE unless it is a positive number. */
export function parseTarget(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value
  throw new OmniError('USAGE', `--target '${text}' is no positive number`)
}
