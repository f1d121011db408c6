import {type ClusterCheck, ERROR_CODES} from '@omni-cli/sdk'
import {itemView, type TextLine, type Tone, type View} from '@omni-cli/sdk/cli'

const MARKS: Readonly<Record<ClusterCheck['status'], readonly [text: string, tone: Tone]>> = {
  ok: ['ok     ', 'good'],
  warning: ['warning', 'warn'],
  failed: ['failed ', 'bad'],
  unknown: ['unknown', 'dim'],
}

/** Exit status of DEGRADED when something has failed. */
export function healthView(context: string, checks: readonly ClusterCheck[]): View {
  const healthy = !checks.some(({status}) => status === 'failed')
  return itemView({
    data: {context, healthy, checks},
    text: () => [...checks.flatMap(lines), summary(checks)],
    ref: `context/${context}`,
    exitCode: healthy ? 0 : ERROR_CODES.DEGRADED.exit,
  })
}

function lines({name, status, message, hint}: ClusterCheck): TextLine[] {
  return [[MARKS[status], `  ${name}: ${message}`], ...(hint === undefined ? [] : [`         try: ${hint}`])]
}

function summary(checks: readonly ClusterCheck[]): TextLine {
  const parts = (['failed', 'warning', 'unknown'] as const).flatMap((status) => {
    const count = checks.filter((check) => check.status === status).length
    return count === 0 ? [] : `${count} ${status}`
  })
  return parts.length === 0 ? [['all is well', 'good']] : parts.join(', ')
}
