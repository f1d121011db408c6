import {formatBytes, type MemoryFit, type RuntimeCandidate, type RuntimeSuggestion} from '@omni-cli/sdk'
import {itemView, type TextLine, type Tone, type View} from '@omni-cli/sdk/cli'
import {alignedLines} from './columns.ts'

export const FIT_TONE = {fits: 'good', tight: 'warn', no: 'bad', unknown: 'dim'} as const satisfies Record<
  MemoryFit['verdict'],
  Tone
>

/** The recommendation, the candidates in the operator's order, remarks; with `all` why each of the others is excluded. */
export const suggestionView = (suggestion: RuntimeSuggestion, all: boolean): View<RuntimeSuggestion> =>
  itemView({
    data: suggestion,
    ref: suggestion.recommended === undefined ? [] : [`runtime/${suggestion.recommended.name}`],
    text: (data) => [
      ...headLines(data),
      ...candidateLines(data),
      ...data.warnings.map((warning): TextLine => [['! ', 'warn'], warning]),
      ...excludedLines(data, all),
    ],
    exitCode: suggestion.candidates.length === 0 ? 9 : undefined,
  })

function headLines({model, recommended, selected, candidates, error}: RuntimeSuggestion): TextLine[] {
  if (recommended === undefined) {
    const [head = 'no runtime serves it'] = error?.split('. Excluded runtimes: ') ?? []
    return [[['no runtime for ', 'bad'], model.name], head]
  }
  const {runtime} = candidates.find((one) => one.runtime.name === recommended.name) ?? {}
  return [
    [
      ['recommended    ', 'dim'],
      [recommended.name, 'good'],
    ],
    [['  reason       ', 'dim'], recommended.reason],
    ...(runtime === undefined ? [] : [[['  resources    ', 'dim'], resources(runtime)] satisfies TextLine]),
    [['operator picks ', 'dim'], selected?.runtime.name ?? ['nothing by itself: name a runtime', 'warn']],
  ]
}

function resources({gpus, memoryBytes, engine, tensorParallel}: RuntimeCandidate['runtime']): string {
  return [
    gpus === undefined ? undefined : `${gpus} GPUs`,
    memoryBytes === undefined ? undefined : `${formatBytes(memoryBytes)} memory`,
    tensorParallel === undefined ? undefined : `split over ${tensorParallel}`,
    engine,
  ]
    .filter((part) => part !== undefined)
    .join(', ')
}

function candidateLines({candidates, recommended, selected}: RuntimeSuggestion): TextLine[] {
  if (candidates.length === 0) return []
  const rows = candidates.map(({runtime, score, fit}) => [
    runtime.name,
    marks(runtime.name, recommended?.name, selected?.runtime.name),
    String(score ?? '-'),
    String(runtime.gpus ?? '-'),
    [fit.verdict, FIT_TONE[fit.verdict]] as const,
    String(fit.longestContext ?? '-'),
    fit.reason,
  ])
  return ['', ...alignedLines(['RUNTIME', '', 'SCORE', 'GPUS', 'FITS', 'LONGEST CONTEXT', 'WHY'], rows)]
}

const marks = (name: string, recommended: string | undefined, selected: string | undefined): string =>
  [name === recommended ? 'best' : undefined, name === selected ? "operator's" : undefined]
    .filter((mark) => mark !== undefined)
    .join(', ')

function excludedLines({excluded}: RuntimeSuggestion, all: boolean): TextLine[] {
  if (excluded.length === 0) return []
  if (!all) return [[[`${excluded.length} other runtimes are excluded; --all tells why`, 'dim']]]
  return [
    '',
    ...alignedLines(
      ['EXCLUDED', 'REASON'],
      excluded.map(({name, reason}) => [name, reason]),
    ),
  ]
}
