import {type ApiObject, type CallOptions, isOmniError, type ModelOnNode} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {countOf, type Fields, fieldsAt, isFields, wordOf} from '../../fields.ts'
import {CONFIG_MAP} from './kinds.ts'

const AGENT_LABEL = {'models.ome/basemodel-status': 'true'}

/** What the agent of each node says of one model. */
export interface AgentAnswers {
  readonly nodes: readonly ModelOnNode[]
  /** Fields of config.json that an agent has read. */
  readonly configuration: Readonly<Record<string, unknown>> | undefined
}

/**
 * Reads the ConfigMaps that the agents write, one a node, in the namespace of the operator. Undefined when this user may not: who may
 * see models need not be allowed to look there.
 */
export async function agentAnswers(
  client: KubeClient,
  model: ApiObject,
  call: CallOptions,
): Promise<AgentAnswers | undefined> {
  const maps = await agentMaps(client, call)
  if (maps === undefined) return undefined
  const {name, namespace} = model.metadata
  const key = namespace === undefined ? `clusterbasemodel.${name}` : `${namespace}.basemodel.${name}`
  const entries = maps.flatMap((map) => {
    const entry = parsed(fieldsAt(map, 'data')[key])
    return entry === undefined ? [] : [{node: map.metadata.name, entry}]
  })
  const read = entries.map(({entry}) => fieldsAt(entry, 'config', 'decodedModelConfiguration'))
  return {
    nodes: entries.map(({node, entry}) => onNode(node, entry)).toSorted((a, b) => a.node.localeCompare(b.node)),
    configuration: read.find((fields) => Object.keys(fields).length > 0),
  }
}

async function agentMaps(client: KubeClient, call: CallOptions): Promise<ApiObject[] | undefined> {
  try {
    return await client.list(CONFIG_MAP, {namespace: client.omeNamespace, labels: AGENT_LABEL, ...call})
  } catch (error) {
    if (isOmniError(error) && error.code === 'FORBIDDEN') return undefined
    throw error
  }
}

function onNode(node: string, entry: Fields): ModelOnNode {
  const progress = fieldsAt(entry, 'progress')
  return {
    ...{node, status: STATUS[wordOf(entry.status) ?? ''] ?? 'downloading'},
    phase: wordOf(progress.phase),
    completedBytes: countOf(progress.completedBytes),
    totalBytes: countOf(progress.totalBytes),
    bytesPerSecond: countOf(progress.speedBytesPerSec),
  }
}

const STATUS: Readonly<Record<string, ModelOnNode['status']>> = {
  Ready: 'ready',
  Updating: 'downloading',
  Failed: 'failed',
  Deleted: 'deleted',
}

function parsed(text: unknown): Fields | undefined {
  if (typeof text !== 'string') return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isFields(value) ? value : undefined
  } catch {
    // An agent that is writing, or of another version.
    return undefined
  }
}
