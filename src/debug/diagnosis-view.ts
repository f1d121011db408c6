import type {Finding} from '@omni-cli/sdk'
import {type ItemView, itemView, type TextLine, type Tone} from '@omni-cli/sdk/cli'
import {STATUS_TONE} from '../apps/service-view.ts'
import {DEGRADED_EXIT} from '../status/overview-view.ts'
import type {Diagnosis} from './diagnosis.ts'

const MARKS: Readonly<Record<Finding['severity'], readonly [mark: string, tone: Tone]>> = {
  cause: ['✖ ', 'bad'],
  warning: ['! ', 'warn'],
  info: ['· ', 'dim'],
  ok: ['✔ ', 'good'],
}

/** Causes with their evidence and what fixes them; exit status 9 when there is one. */
export const diagnosisView = (diagnosis: Diagnosis): ItemView<Diagnosis> =>
  itemView({
    data: diagnosis,
    ref: `service/${diagnosis.service}`,
    exitCode: diagnosis.ok ? 0 : DEGRADED_EXIT,
    text: diagnosisLines,
  })

export function diagnosisLines({service, status, ready, desired, findings, ok}: Diagnosis): TextLine[] {
  const head: TextLine = [service, [`  ${status} ${ready}/${desired}`, STATUS_TONE[status]]]
  const nothing: TextLine[] = ok || findings.some(({severity}) => severity === 'cause') ? [] : [unexplained(service)]
  return [head, ...findings.flatMap(findingLines), ...nothing]
}

function findingLines({severity, message, evidence, fix}: Finding): TextLine[] {
  const [mark, tone] = MARKS[severity]
  return [
    [[mark, tone], message],
    ...evidence.flatMap((text) => text.split('\n')).map((text): TextLine => [['  │ ', 'dim'], text]),
    ...(fix === undefined ? [] : [[['  try: ', 'dim'], fix] satisfies TextLine]),
  ]
}

const unexplained = (service: string): TextLine => [
  ['? ', 'warn'],
  `no rule explains it; look at: omni events service ${service}, omni logs service ${service}`,
]
