import {type ApiObject, type CallOptions, OmniError, redact} from '@omni-cli/sdk'
import {type ItemView, itemView, type TextLine} from '@omni-cli/sdk/cli'
import {objectWord} from '../apply/objects/refs.ts'
import {age, factLines} from './cells.ts'
import {type NamedObjects, refOfName} from './object-words.ts'

/** Everything about one object: facts, conditions, what is in it, its last events. NOT_FOUND when it is not there. */
export async function describeObject(target: NamedObjects, options: CallOptions): Promise<ItemView<ApiObject>> {
  const {api, kind, names} = target
  const [name, ...others] = names
  if (name === undefined || others.length > 0) {
    throw new OmniError('USAGE', 'name one object: KIND NAME or KIND/NAME', {hint: `omni get ${kind.plural}`})
  }
  const ref = refOfName(target, name)
  const [object, table] = await Promise.all([
    api.get(ref, options),
    api.list(kind, {...options, namespace: ref.namespace, fields: `metadata.name=${ref.name}`}),
  ])
  if (object === undefined) {
    throw new OmniError('NOT_FOUND', `there is no ${kind.singular} '${name}'`, {hint: `omni get ${kind.plural}`})
  }
  const cells = table.columns.map(({header}, index) => [header.toLowerCase(), table.rows[0]?.cells[index]] as const)
  const events = await eventsOf(target, object, options)
  const data = kind.kind === 'Secret' && kind.group === '' ? withoutValues(object) : object
  return itemView({
    data,
    ref: `${objectWord(kind)}/${name}`,
    text: () => [...facts(data, cells), ...conditionLines(data), ...bodyLines(data), ...eventLines(events)],
  })
}

type Cells = readonly (readonly [string, unknown])[]

function facts({apiVersion, kind, metadata}: ApiObject, cells: Cells): TextLine[] {
  const texts = (value: unknown) =>
    typeof value === 'object' && value !== null
      ? Object.entries(value)
          .filter(([key]) => !key.endsWith('last-applied-configuration'))
          .map(([key, text]) => `${key}=${String(text)}`)
          .join(', ')
      : undefined
  const owners = Array.isArray(metadata.ownerReferences) ? metadata.ownerReferences : []
  const shown = cells.filter(([header, cell]) => !['name', 'age'].includes(header) && cell !== null && cell !== '')
  const created = typeof metadata.creationTimestamp === 'string' ? metadata.creationTimestamp : undefined
  return factLines({
    kind: `${kind} (${apiVersion})`,
    name: metadata.name,
    namespace: metadata.namespace,
    ...Object.fromEntries(shown.map(([header, cell]) => [header, String(cell)])),
    labels: texts(metadata.labels),
    annotations: texts(redact(metadata.annotations)),
    'belongs to': owners.map((owner) => `${String(owner.kind)}/${String(owner.name)}`).join(', '),
    finalizers: Array.isArray(metadata.finalizers) ? metadata.finalizers.join(', ') : undefined,
    'deleted since': typeof metadata.deletionTimestamp === 'string' ? metadata.deletionTimestamp : undefined,
    created: created === undefined ? undefined : `${created} (${age(created)} ago)`,
  })
}

function conditionLines({status}: ApiObject): TextLine[] {
  const list = isMap(status) && Array.isArray(status.conditions) ? status.conditions.filter(isMap) : []
  if (list.length === 0) return []
  const lines = list.map(({type, status: is, reason, message}): TextLine => {
    const why = [reason, message].filter((text) => typeof text === 'string' && text !== '').join(': ')
    return [
      '  ',
      [`${String(is).padEnd(8)}`, is === 'True' ? 'good' : is === 'False' ? 'warn' : 'dim'],
      `${String(type)}`,
      [`  ${why}`, 'dim'],
    ]
  })
  return ['', [['conditions', 'dim']], ...lines]
}

/** Everything but metadata and conditions, indented as in a file. */
function bodyLines(object: ApiObject): TextLine[] {
  const {apiVersion: _, kind: __, metadata: ___, status, ...body} = object
  const state = isMap(status) ? withoutConditions(status) : {}
  const parts = {...body, ...(Object.keys(state).length === 0 ? {} : {status: state})}
  return Object.entries(redact(parts)).flatMap(([key, value]) => [
    '',
    [[key, 'dim']] satisfies TextLine,
    ...treeLines(value, 1),
  ])
}

const withoutConditions = ({conditions: _, ...rest}: Readonly<Record<string, unknown>>) => rest

const LONGEST = 400
const MOST_LINES = 20

function treeLines(value: unknown, depth: number): string[] {
  const pad = '  '.repeat(depth)
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      const [first = '', ...rest] = treeLines(item, depth + 1)
      return [`${pad}- ${first.trimStart()}`, ...rest]
    })
  }
  if (!isMap(value)) return [`${pad}${scalarText(value)}`]
  return Object.entries(value).flatMap(([key, item]) => {
    const isInner = typeof item === 'object' && item !== null && Object.keys(item).length > 0
    if (isInner) return [`${pad}${key}:`, ...treeLines(item, depth + 1)]
    if (typeof item !== 'string' || !item.includes('\n')) return [`${pad}${key}: ${scalarText(item)}`]
    const lines = item.trimEnd().split('\n')
    const rest = lines.length > MOST_LINES ? [`${pad}  … ${lines.length - MOST_LINES} more lines`] : []
    return [`${pad}${key}: |`, ...lines.slice(0, MOST_LINES).map((line) => `${pad}  ${scalarText(line)}`), ...rest]
  })
}

function scalarText(value: unknown): string {
  const text = typeof value === 'string' ? value.replaceAll('\n', '⏎') : (JSON.stringify(value) ?? '')
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text
}

/** Only which values there are. */
function withoutValues(object: ApiObject): ApiObject {
  const hide = (values: unknown) =>
    isMap(values) ? Object.fromEntries(Object.keys(values).map((key) => [key, '***'])) : values
  const {annotations: _, ...metadata} = object.metadata
  return {
    ...object,
    metadata: {...metadata, name: object.metadata.name},
    data: hide(object.data),
    ...('stringData' in object ? {stringData: hide(object.stringData)} : {}),
  }
}

interface EventLine {
  readonly at: string
  readonly type: string
  readonly text: string
}

const MOST_EVENTS = 10

/** The last events about the object; without the right to read them, none. */
async function eventsOf({api}: NamedObjects, object: ApiObject, options: CallOptions): Promise<EventLine[]> {
  const kind = await api.findKind('events.core', options)
  const uid = object.metadata.uid
  if (kind === undefined || typeof uid !== 'string') return []
  const namespace = object.metadata.namespace ?? 'default'
  const fields = `involvedObject.uid=${uid}`
  const {rows} = await api.list(kind, {...options, namespace, fields, whole: true}).catch(() => ({rows: []}))
  return rows
    .map(({object: event}) => eventLine(event))
    .sort((a, b) => a.at.localeCompare(b.at))
    .slice(-MOST_EVENTS)
}

function eventLine(event: ApiObject): EventLine {
  const text = (key: string) => (typeof event[key] === 'string' ? event[key] : undefined)
  const count = typeof event.count === 'number' && event.count > 1 ? ` (${event.count} times)` : ''
  const at = text('lastTimestamp') ?? text('eventTime') ?? String(event.metadata.creationTimestamp ?? '')
  return {at, type: text('type') ?? '', text: `${text('reason') ?? ''}: ${text('message') ?? ''}${count}`}
}

const eventLines = (events: readonly EventLine[]): TextLine[] =>
  events.length === 0
    ? []
    : [
        '',
        [['events', 'dim']],
        ...events.map(
          ({at, type, text}): TextLine => [
            [`  ${(age(at) ?? '').padStart(6)}  `, 'dim'],
            [text, type === 'Warning' ? 'warn' : 'plain'],
          ],
        ),
      ]

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
