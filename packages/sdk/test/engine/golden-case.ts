import type {ChangeKind, Instance, Service} from '@omni-cli/sdk'
import {isOmniError, networkSpec, profileSpec, serviceSpec} from '@omni-cli/sdk'
import {buildPlan, type Costs, loadManifest, type Observed, type Operation, PLAN_LABEL} from '@omni-cli/sdk/engine'
import {parse} from 'yaml'

/**
 * A case is one file: `# what it shows`, the manifest, `--- observed` (with options), the observed things, `--- plan`
 * and the plan. Options: `prune`, `adopt`, `env=NAME`, `mutable=a,b` and `rebuildable=a,b` (machines), `nolabels`, `provisional`,
 * `refusessnapshots` (no new disk for machines that have some).
 */
export interface GoldenCase {
  readonly title: string
  readonly manifest: string
  readonly options: ReadonlyMap<string, string>
  readonly observed: string
  readonly plan: string
}

export function readCase(text: string): GoldenCase {
  const [head = '', rest = ''] = split(text, '--- observed')
  const [optionLine = '', body = ''] = split(rest, '\n')
  const [observed = '', plan = ''] = split(body, '--- plan\n')
  const options = optionLine
    .trim()
    .split(/\s+/)
    .filter(Boolean)
    .map((option) => split(option, '='))
  return {
    title: /^# (.*)/.exec(head)?.[1] ?? '',
    manifest: head,
    options: new Map(options.map(([key = '', value = '']) => [key, value])),
    observed,
    plan,
  }
}

export const writeCase = (text: string, plan: string) => `${split(text, '--- plan\n')[0]}--- plan\n${plan}`

function split(text: string, separator: string): [string, string] {
  const index = text.indexOf(separator)
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index + separator.length)]
}

/** The plan of a case as text; an error as `! CODE message`. */
export async function planOf({manifest: text, options, observed}: GoldenCase): Promise<string> {
  try {
    const stdin = (async function* () {
      yield text
    })()
    const manifest = await loadManifest(['-'], {stdin, env: options.get('env'), plan: 'demo'})
    const labels = !options.has('nolabels')
    const plan = buildPlan(manifest, readObserved(observed), {
      prune: options.has('prune'),
      adopt: options.has('adopt'),
      isProvisional: options.has('provisional'),
      costs: readCosts(observed),
      traits: {
        service: {sources: ['image', 'command'], labels},
        instance: {
          types: ['container', 'vm'],
          mutable: options.get('mutable')?.split(',') ?? [],
          rebuildable: options.get('rebuildable')?.split(','),
          rebuildsWithSnapshots: !options.has('refusessnapshots'),
          labels,
        },
        rebuilds: options.has('rebuildable'),
      },
    })
    return [...plan.operations.map(operationText), ...plan.notes.map((note) => `note: ${note}`), ''].join('\n')
  } catch (error) {
    if (!isOmniError(error)) throw error
    return `! ${error.code} ${error.message}\n`
  }
}

function operationText({action, ref, reason, changes, dependsOn}: Operation): string {
  const after = dependsOn.length === 0 ? '' : `  after ${dependsOn.join(', ')}`
  const lines = changes.map(
    ({path, from, to, cost}) =>
      `    ${path}: ${JSON.stringify(from)} → ${JSON.stringify(to)}${cost === undefined ? '' : `  ${cost}`}`,
  )
  return [`${action} ${ref}  (${reason})${after}`, ...lines].join('\n')
}

interface ObservedText {
  readonly services?: Record<string, Record<string, unknown>>
  readonly instances?: Record<string, Record<string, unknown>>
  readonly networks?: Record<string, Record<string, unknown>>
  readonly profiles?: Record<string, Record<string, unknown>>
  /** By ref, then by path: what the driver says that a change costs. */
  readonly costs?: Record<string, Record<string, ChangeKind>>
  /** Refs that were not seen ready. */
  readonly unready?: string[]
}

const readText = (text: string): ObservedText => (parse(text) ?? {}) as ObservedText

const readCosts = (text: string): Costs => new Map(Object.entries(readText(text).costs ?? {}))

/** Beside the fields of a spec: `plan` (owner), `status`, `desired` (replicas after a scale), `release` (or `none`). */
function readObserved(text: string): Observed {
  const {services = {}, instances = {}, networks = {}, profiles = {}, unready = []} = readText(text)
  return {
    service: Object.entries(services).map(
      ([name, {plan, status = 'running', desired, release = 'r1', ...fields}]): Service => {
        const spec = serviceSpec.parse({image: 'x', ...fields, name, labels: labelsOf(fields.labels, plan)})
        const count = Number(desired ?? (spec.replicas === 'auto' ? 1 : spec.replicas))
        const state = status as Service['status']
        const counts = {desiredReplicas: count, runningReplicas: count}
        const serving = release === 'none' ? {} : {release: String(release)}
        return {name, status: state, spec, ...counts, ...serving, endpoints: [], replicas: []}
      },
    ),
    instance: Object.entries(instances).map(
      ([name, {plan, labels, status = 'running', type = 'container', ...fields}]) =>
        ({name, status, type, addresses: [], labels: labelsOf(labels, plan), ...fields}) as Instance,
    ),
    network: Object.entries(networks).map(([name, {plan, labels, ...fields}]) => ({
      ...networkSpec.parse({...fields, name}),
      labels: labelsOf(labels, plan),
      usedBy: [],
      managed: true,
    })),
    profile: Object.entries(profiles).map(([name, {plan, labels, ...fields}]) => ({
      ...profileSpec.parse({...fields, name}),
      labels: labelsOf(labels, plan),
      usedBy: [],
    })),
    unready: new Set(unready),
  }
}

const labelsOf = (labels: unknown, plan: unknown): Record<string, string> => ({
  ...(labels as Record<string, string> | undefined),
  ...(plan === undefined ? {} : {[PLAN_LABEL]: String(plan)}),
})
