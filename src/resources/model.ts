import {formatBytes, formatDuration, type Model, type ModelOnNode} from '@omni-cli/sdk'
import type {TextLine, Tone} from '@omni-cli/sdk/cli'
import {age, factLines, labelText} from './cells.ts'
import {defineKind} from './kind.ts'

const TONE = {ready: 'good', importing: 'warn', failed: 'bad', unknown: 'warn'} as const satisfies Record<
  Model['status'],
  Tone
>

export const modelKind = defineKind<Model, 'catalog'>({
  kind: 'model',
  plural: 'models',
  short: [],
  contract: 'catalog',
  columns: [
    {header: 'NAME', value: ({name}) => name},
    {header: 'STATUS', value: statusText, tone: ({status, disabled}) => (disabled ? 'dim' : TONE[status])},
    {header: 'SIZE', value: ({size}) => size, align: 'right'},
    {header: 'ARCHITECTURE', value: ({architecture}) => architecture},
    {header: 'QUANTIZATION', value: ({quantization}) => quantization},
    {header: 'VENDOR', value: ({vendor}) => vendor},
    {header: 'SOURCE', value: ({source}) => source},
    {header: 'AGE', value: ({createdAt}) => age(createdAt), align: 'right'},
    {header: 'NAMESPACE', value: ({namespace}) => namespace, wide: true},
    {header: 'FORMAT', value: ({format}) => versioned(format), wide: true},
    {header: 'FRAMEWORK', value: ({framework}) => versioned(framework), wide: true},
    {header: 'CAPABILITIES', value: ({capabilities}) => capabilities?.join(','), wide: true},
    {header: 'CONTEXT', value: ({maxTokens}) => maxTokens, align: 'right', wide: true},
    {header: 'NODES', value: ({nodesReady}) => nodesReady?.length, align: 'right', wide: true},
    {header: 'LABELS', value: ({labels}) => labelText(labels ?? {}), wide: true},
  ],
  list: (catalog, options) => catalog.models.list(options),
  get: (catalog, name, options) => catalog.models.get(name, options),
  remove: (catalog, name, options) => catalog.models.remove(name, options),
  labelsOf: ({labels}) => labels ?? {},
  lines: describeModel,
})

export const versioned = (value: Model['format']): string | undefined =>
  value && (value.version === undefined ? value.name : `${value.name} ${value.version}`)

function statusText({status, disabled}: Model): string {
  return disabled ? `${status}, disabled` : status
}

function describeModel(model: Model): TextLine[] {
  const {nodes = [], nodesReady = [], nodesFailed = []} = model
  return [
    ...factLines({
      ...{name: model.name, namespace: model.namespace, status: statusText(model), source: model.source},
      ...{vendor: model.vendor, size: model.size, architecture: model.architecture, type: model.modelType},
      ...{format: versioned(model.format), framework: versioned(model.framework), quantization: model.quantization},
      capabilities: model.capabilities?.join(', '),
      api: model.apiCapabilities?.join(', '),
      context: model.maxTokens,
      ...{path: model.path, secret: model.secret, labels: labelText(model.labels ?? {}), created: model.createdAt},
      'ready on': nodesReady.join(', '),
      'failed on': nodesFailed.join(', '),
    }),
    ...(nodes.length === 0 ? [] : [[['nodes', 'dim']] satisfies TextLine, ...nodes.map(nodeLine)]),
  ]
}

const NODE_TONE = {ready: 'good', downloading: 'warn', failed: 'bad', deleted: 'dim'} as const

function nodeLine({node, status, ...progress}: ModelOnNode): TextLine {
  return [`  ${node}  `, [status, NODE_TONE[status]], status === 'ready' ? '' : progressText(progress)]
}

/** `  Downloading 12Gi of 131Gi, 9 %, 1h2m left` */
function progressText({
  phase,
  completedBytes: done,
  totalBytes: total,
  bytesPerSecond: speed,
}: Partial<ModelOnNode>): string {
  if (done === undefined || total === undefined || total === 0) return phase === undefined ? '' : `  ${phase}`
  const left = speed ? `, ${formatDuration(((total - done) / speed) * 1000)} left` : ''
  const part = Math.floor((100 * done) / total)
  return `  ${phase ?? ''} ${formatBytes(done)} of ${formatBytes(total)}, ${part} %${left}`
}
