import {type CallOptions, type EventFacet, isOmniError, mapLimit, OmniError, sleep} from '@omni-cli/sdk'
import {type ListView, listView, type Session} from '@omni-cli/sdk/cli'
import {rememberThings} from '../completion/remember-names.ts'
import type {AnyKind, Named, OpenKind} from './kind.ts'

export interface ListQuery extends CallOptions {
  /** Only these; all must be there. */
  readonly names: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** Only what belongs to it, for kinds that belong to projects. */
  readonly project?: string | undefined
  /** Of all projects, whatever the context says. */
  readonly allProjects?: boolean | undefined
  /** Goes on with each changed row until the signal. */
  readonly watch: boolean
  /** The driver is the one of the context, so that the completion may offer what it has. */
  readonly isUsual?: boolean | undefined
  /** Remarks while watching ("service/web is gone"). */
  readonly notice: (text: string) => void
}

/** The list of a kind as a view. NOT_FOUND for a name that is not there. */
export async function listKind(session: Session, kind: AnyKind, query: ListQuery): Promise<ListView<Named>> {
  const open = await kind.open(session)
  const first = await readRows(kind, open, query)
  if (query.isUsual && isWhole(query)) rememberThings(session, kind.kind, first)
  return listView({
    columns: kind.columnsFor?.(first) ?? kind.columns,
    rows: query.watch ? watchRows({kind, open, query, first}) : first,
    ref: ({name}) => `${kind.kind}/${name}`,
    data: (row) => kind.withoutSecrets?.(row) ?? row,
    empty: `there are no ${kind.plural}${Object.keys(query.labels).length > 0 ? ' with these labels' : ''}`,
  })
}

/** Nothing was left out. */
const isWhole = ({names, labels, project}: ListQuery): boolean =>
  names.length === 0 && project === undefined && Object.keys(labels).length === 0

async function readRows(kind: AnyKind, open: OpenKind, query: ListQuery): Promise<readonly Named[]> {
  const {names, labels, project, allProjects, signal} = query
  if (names.length === 0) {
    const rows = await open.list({labels, project, allProjects, signal})
    return rows.filter((row) => hasLabels(kind, row, labels) && isOfProject(kind, row, project))
  }
  const found = await mapLimit(names, 8, async (name) => ({name, row: await open.get(name, {signal})}))
  const missing = found.filter(({row}) => row === undefined || !isOfProject(kind, row, project)).map(({name}) => name)
  if (missing.length > 0) {
    throw new OmniError('NOT_FOUND', `there is no ${kind.kind} '${missing.join("', '")}'`, {
      hint: `omni get ${kind.plural}`,
      details: {kind: kind.kind, missing},
    })
  }
  return found.flatMap(({row}) => (row !== undefined && hasLabels(kind, row, labels) ? [row] : []))
}

/** A kind whose driver does not filter is filtered here. */
function hasLabels(kind: AnyKind, row: Named, labels: Readonly<Record<string, string>>): boolean {
  const own = kind.labelsOf?.(row) ?? {}
  return Object.entries(labels).every(([key, value]) => Object.hasOwn(own, key) && own[key] === value)
}

const isOfProject = (kind: AnyKind, row: Named, project: string | undefined): boolean =>
  project === undefined || kind.projectOf === undefined || kind.projectOf(row) === project

interface Watching {
  readonly kind: AnyKind
  readonly open: OpenKind
  readonly query: ListQuery
  readonly first: readonly Named[]
}

const POLL_MS = 1000
/** Events come in bursts; one reading answers all of a burst. */
const SETTLE_MS = 50

/** The rows that are there, then each row that is new or changed; ends with the signal. */
async function* watchRows({kind, open, query, first}: Watching): AsyncGenerator<Named> {
  const keyOf = (row: Named) => kind.changeKey?.(row) ?? JSON.stringify(row)
  let seen = new Map(first.map((row) => [row.name, keyOf(row)]))
  yield* first
  for await (const _ of ticks(open.events, query)) {
    const rows = await readRows(kind, open, query).catch((error: unknown) => {
      // A named thing that was removed while it was watched.
      if (isOmniError(error) && error.code === 'NOT_FOUND') return []
      throw error
    })
    const now = new Map(rows.map((row) => [row.name, keyOf(row)]))
    for (const name of seen.keys()) if (!now.has(name)) query.notice(`${kind.kind}/${name} is gone`)
    yield* rows.filter((row) => seen.get(row.name) !== now.get(row.name))
    seen = now
  }
}

/** A tick whenever something may have changed; without events, or when they end, each second. */
async function* ticks(events: EventFacet | undefined, {signal}: CallOptions): AsyncGenerator<void> {
  if (events !== undefined) yield* eventTicks(events, signal)
  for (;;) {
    await sleep(POLL_MS, signal)
    yield
  }
}

async function* eventTicks(events: EventFacet, signal: AbortSignal | undefined): AsyncGenerator<void> {
  let isDirty = false
  let isOver = false
  let {promise: woken, resolve: wake} = Promise.withResolvers<void>()
  const reading = (async () => {
    for await (const _ of events.read({follow: true, signal})) {
      isDirty = true
      wake()
    }
  })()
  const finish = () => {
    isOver = true
    wake()
  }
  reading.then(finish, finish)
  while (!isOver || isDirty) {
    await woken
    ;({promise: woken, resolve: wake} = Promise.withResolvers<void>())
    if (!isDirty) continue
    await sleep(SETTLE_MS, signal)
    isDirty = false
    yield
  }
  await reading
}
