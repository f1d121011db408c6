import {formatBytes} from '@omni-cli/sdk'
import {fieldsAt, numberAt, textAt} from '../../../fields.ts'
import type {Facts} from './facts.ts'

/** What an agent says of the model on its node. */
export interface AgentWord {
  readonly node: string
  readonly status: string
  readonly text: string
  readonly quietMs: number | undefined
}

/** What each agent says of the model that the service names. */
export function wordsOf({agents, model, nowMs}: Facts): AgentWord[] {
  if (model === undefined) return []
  const {name, namespace} = model.metadata
  const key = namespace === undefined ? `clusterbasemodel.${name}` : `${namespace}.basemodel.${name}`
  return agents.flatMap((agent) => {
    const entry = parse(textAt(agent, 'data', key))
    const status = textAt(entry, 'status')
    if (status === undefined) return []
    const node = agent.metadata.name
    const told = Date.parse(textAt(entry, 'progress', 'lastUpdated') ?? '')
    const text = [`${node}: ${status}`, ...progressOf(fieldsAt(entry, 'progress'))].join(', ')
    return [{node, status, text, quietMs: Number.isNaN(told) ? undefined : nowMs - told}]
  })
}

function progressOf(progress: unknown): string[] {
  const [done, all] = [numberAt(progress, 'completedBytes'), numberAt(progress, 'totalBytes')]
  const phase = textAt(progress, 'phase')
  const speed = numberAt(progress, 'speedBytesPerSec')
  if (done === undefined || all === undefined || all === 0) return phase === undefined ? [] : [phase]
  const percent = `${Math.floor((100 * done) / all)} % of ${formatBytes(all)}`
  return [`${phase ?? 'Downloading'} ${percent}${speed === undefined ? '' : ` at ${formatBytes(speed)}/s`}`]
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
