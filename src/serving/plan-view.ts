import type {ServingPlan} from '@omni-cli/sdk'
import {type ItemView, itemView, type TextLine} from '@omni-cli/sdk/cli'

const MARK = {create: '+', update: '~', keep: '='} as const satisfies Record<ServingPlan['action'], string>
const TONE = {create: 'good', update: 'warn', keep: 'dim'} as const

/** What a deploy would do; `manifests` as they would be applied. */
export const servingPlanView = (name: string, plan: ServingPlan): ItemView<ServingPlan> =>
  itemView({
    data: plan,
    ref: `service/${name}`,
    text: (data) => [...servingPlanLines(name, data), ...manifestLines(data)],
  })

/** The plan in few lines: what changes, with what, at which price, and what is in the way. */
export function servingPlanLines(name: string, plan: ServingPlan): TextLine[] {
  const {action, runtime, runtimeBy, gpus, gpusPerReplica, perHour, changes = [], warnings, obstacles} = plan
  const by = runtimeBy === 'selected' ? ' (chosen by the operator)' : ''
  const facts = [
    ...(runtime === undefined ? [] : [`runtime ${runtime}${by}`]),
    ...(gpus === 0
      ? []
      : [`${gpus} ${gpus === 1 ? 'GPU' : 'GPUs'}${gpus === gpusPerReplica ? '' : ` (${gpusPerReplica} a replica)`}`]),
    ...(perHour === undefined ? [] : [`$${perHour.toFixed(2)}/h`]),
  ]
  return [
    [
      [`${MARK[action]} `, TONE[action]],
      `${action} service/${name}`,
      facts.length === 0 ? '' : `  ${facts.join(', ')}`,
    ],
    ...changes.map((change): TextLine => `    ${change}`),
    ...warnings.map((warning): TextLine => [['  ! ', 'warn'], warning]),
    ...obstacles.map((obstacle): TextLine => [['  ✖ ', 'bad'], `it cannot start now: ${obstacle}`]),
  ]
}

/** As indented JSON: what would be sent. */
const manifestLines = ({manifests}: ServingPlan): TextLine[] =>
  manifests.flatMap((manifest) => ['', ...JSON.stringify(manifest, undefined, 2).split('\n')])

/** Lines without tones, for a question. */
export const plainLines = (lines: readonly TextLine[]): string =>
  lines
    .map((line) =>
      typeof line === 'string' ? line : line.map((piece) => (typeof piece === 'string' ? piece : piece[0])).join(''),
    )
    .join('\n')
