import {ERROR_CODES} from '@omni-cli/sdk'
import {itemView, type TextLine, type Tone, type View} from '@omni-cli/sdk/cli'
import type {Finding} from './finding.ts'

const MARKS: Readonly<Record<Finding['status'], readonly [text: string, tone: Tone]>> = {
  ok: ['ok     ', 'good'],
  fixed: ['fixed  ', 'good'],
  warning: ['warning', 'warn'],
  error: ['error  ', 'bad'],
}

/** Exit status of DEGRADED while there is an error. */
export function doctorView(findings: readonly Finding[]): View {
  const hasErrors = findings.some(({status}) => status === 'error')
  const data = {
    healthy: !hasErrors,
    findings: findings.map(({subject, status, message, fix}) => ({subject, status, message, fix})),
  }
  return itemView({
    data,
    text: () => [...findings.flatMap(lines), ...summary(findings)],
    exitCode: hasErrors ? ERROR_CODES.DEGRADED.exit : 0,
  })
}

function lines({subject, status, message, fix}: Finding): TextLine[] {
  const needsFix = status === 'warning' || status === 'error'
  return [
    [MARKS[status], `  ${subject}: ${message}`],
    ...(needsFix && fix !== undefined ? [`         try: ${fix}`] : []),
  ]
}

function summary(findings: readonly Finding[]): TextLine[] {
  const count = (wanted: Finding['status']) => findings.filter(({status}) => status === wanted).length
  const open = findings.filter(({status, repair}) => repair !== undefined && status !== 'fixed')
  const bad = `${plural(count('error'), 'error')}, ${plural(count('warning'), 'warning')}`
  if (count('error') + count('warning') === 0) return [[['all is well', 'good']]]
  return [open.length === 0 ? bad : `${bad}; 'omni doctor --fix' repairs ${open.length} of them`]
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`
