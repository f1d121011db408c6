import {formatBytes, formatDuration, parseBytes} from '@omni-cli/sdk'
import type {ItemView, TextLine, Tone} from '@omni-cli/sdk/cli'
import {itemView} from '@omni-cli/sdk/cli'
import type {Action, Change, Operation, Plan, Problem, resultData} from '@omni-cli/sdk/engine'

const MARKS: Readonly<Record<Action, readonly [string, Tone]>> = {
  create: ['+', 'good'],
  update: ['~', 'warn'],
  rebuild: ['⟳', 'bad'],
  replace: ['±', 'bad'],
  remove: ['-', 'bad'],
  start: ['▸', 'good'],
  stop: ['■', 'warn'],
  keep: ['=', 'dim'],
}

/** The plan for a person: a line an operation, its changes below. What stays is only counted. */
export function planLines({operations, notes}: Pick<Plan, 'operations' | 'notes'>): TextLine[] {
  const changing = operations.filter(({action}) => action !== 'keep')
  return [
    ...changing.flatMap(operationLines),
    ...notes.map((note): TextLine => [['note: ', 'dim'], note]),
    countLine(operations),
  ]
}

function operationLines({action, ref, reason, changes}: Operation): TextLine[] {
  const [mark, tone] = MARKS[action]
  return [
    [[`${mark} ${action.padEnd(7)}`, tone], ` ${ref}`, [`  ${reason}`, 'dim']],
    ...changes.map(
      (change): TextLine => [
        `            ${changeText(change)}`,
        [change.cost === undefined ? '' : `  ${change.cost}`, 'dim'],
        [setBy(change), 'dim'],
      ],
    ),
  ]
}

/** `replicas 2 → 3`; values that are masked on both sides are only said to differ. */
export function changeText({path, from, to}: Change): string {
  const text = (value: unknown) =>
    value === undefined ? '(not set)' : SIZES.has(path) ? sizeText(value) : valueText(value)
  return from === to && from !== undefined ? `${path} ${text(from)} (changed)` : `${path} ${text(from)} → ${text(to)}`
}

/** `  set by kubectl-edit 3m ago` */
function setBy({by, at}: Change): string {
  if (by === undefined) return ''
  const ms = at === undefined ? Number.NaN : Date.now() - Date.parse(at)
  return `  set by ${by}${Number.isNaN(ms) ? '' : ` ${formatDuration(Math.max(0, ms))} ago`}`
}

const SIZES = new Set(['memory', 'disk'])

/** As short as it can be said exactly. */
function sizeText(value: unknown): string {
  if (typeof value !== 'number') return valueText(value)
  const text = formatBytes(value)
  return parseBytes(text) === value ? text : `${value} bytes`
}

function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  return text.length > 120 ? `${text.slice(0, 119)}…` : text
}

function countLine(operations: readonly Operation[]): TextLine {
  const count = (action: Action) => operations.filter((operation) => operation.action === action).length
  const parts = (['create', 'update', 'rebuild', 'replace', 'remove', 'start', 'stop'] as const)
    .map((action) => [count(action), action] as const)
    .filter(([number]) => number > 0)
    .map(([number, action]) => `${number} to ${action}`)
  const kept = count('keep')
  if (parts.length === 0) return kept === 0 ? 'nothing to do' : `nothing to do: ${kept} as wanted`
  return [...parts, ...(kept === 0 ? [] : [`${kept} as wanted`])].join(', ')
}

/** What `apply --dry-run` and `diff` answer. */
export interface PlanData {
  readonly operations: readonly Operation[]
  readonly notes: readonly string[]
}

export const planView = ({operations, notes}: Plan, exitCode = 0): ItemView<PlanData> =>
  itemView({data: {operations, notes}, text: planLines, exitCode, ref: changingRefs(operations)})

const changingRefs = (operations: readonly Operation[]): string[] =>
  operations.filter(({action}) => action !== 'keep').map(({ref}) => ref)

/** What `apply` and `delete` answer when they have done something. */
export type ResultData = ReturnType<typeof resultData>

/** The end of an act that succeeded. */
export const resultView = (data: ResultData): ItemView<ResultData> =>
  itemView({data, text: resultLines, ref: data.done.map(({ref}) => ref)})

function resultLines({done, kept}: ResultData): TextLine[] {
  if (done.length === 0) return [kept.length === 0 ? 'nothing to do' : `nothing to do: ${kept.length} as wanted`]
  return [
    ...done.map(
      ({ref, action, copy}): TextLine => [
        ['✔ ', 'good'],
        `${ref} ${PAST[action]}`,
        [copy === undefined ? '' : `; as it was: ${copy}`, 'dim'],
      ],
    ),
    ...(kept.length === 0 ? [] : [[[`= ${kept.length} as wanted`, 'dim']] satisfies TextLine]),
  ]
}

const PAST: Readonly<Record<Action, string>> = {
  create: 'created',
  update: 'updated',
  rebuild: 'rebuilt',
  replace: 'replaced',
  remove: 'removed',
  start: 'started',
  stop: 'stopped',
  keep: 'as wanted',
}

/** A warning of a file, for the standard error. */
export const warningText = ({file, line, column, message, hint}: Problem): string =>
  `warning: ${file}:${line}:${column}: ${message}${hint === undefined ? '' : `; ${hint}`}`

/** Lines without their tones, for remarks. */
export const plainText = (lines: readonly TextLine[]): string =>
  lines
    .map((line) =>
      typeof line === 'string' ? line : line.map((piece) => (typeof piece === 'string' ? piece : piece[0])).join(''),
    )
    .join('\n')
