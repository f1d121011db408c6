import {constants} from 'node:os'
import {messageOf} from '@omni-cli/sdk'
import type {Entry} from './book.ts'
import {inspect, instanceOf} from './containers.ts'
import type {DockerContext} from './context.ts'
import {exitInfo} from './exit.ts'
import {identityOf, OMNI} from './labels.ts'
import {reconnect} from './reconnect.ts'
import type {EngineEvent} from './wire.ts'

const {SIGKILL} = constants.signals
const KILLED = 128 + SIGKILL

/** What follows from an event of the Engine. */
export function react(context: DockerContext, event: EngineEvent): void {
  if (event.Type === 'network') reactToNetwork(context, event)
  else reactToContainer(context, event)
}

function reactToNetwork(context: DockerContext, {Action, Actor}: EngineEvent): void {
  const {name = '', container = ''} = Actor.Attributes ?? {}
  if (Action === 'destroy' || Action === 'remove') context.networks.forget(name)
  if (Action === 'disconnect' && context.rooms.find(container) !== undefined) {
    context.rooms.moved(container)
    reconnectSoon(context, container)
    return
  }
  const entry = context.book.entries.get(container)
  // A container that ends leaves its network, too.
  if (Action !== 'disconnect' || entry === undefined || entry.exit !== undefined || entry.wasStopped) return
  reconnectSoon(context, container)
}

function reconnectSoon(context: DockerContext, id: string): void {
  reconnect(context, id).catch((error: unknown) =>
    context.log.debug('not connected again', {id, problem: messageOf(error)}),
  )
}

/** Without its room a replica runs on and reaches nobody. It is ended, and its successor gets another one. */
function reactToRoom({rooms, engine, log}: DockerContext, {Action, Actor}: EngineEvent): void {
  if (Action !== 'die' && Action !== 'destroy') return
  const user = rooms.find(Actor.ID)?.user
  rooms.drop(Actor.ID)
  if (user === undefined) return
  log.debug('a replica lost its network', {id: user})
  engine
    .call('POST', `/containers/${user}/kill`)
    .catch((error: unknown) => log.debug('not ended', {id: user, problem: messageOf(error)}))
}

function reactToContainer(context: DockerContext, event: EngineEvent): void {
  const {owner, book, adoptions} = context
  const {ID: id, Attributes} = event.Actor
  const labels = Attributes ?? {}
  if (labels[OMNI.room] !== undefined) {
    if (labels[OMNI.owner] === owner) reactToRoom(context, event)
    return
  }
  const identity = labels[OMNI.owner] === owner ? identityOf(labels) : adoptions.find(id)
  if (identity === undefined) return
  const wasKnown = book.entries.has(id)
  const entry = book.open(id, identity)
  if (event.Action === 'kill') entry.signals.add(Number(labels.signal))
  if (event.Action === 'oom') entry.ranOutOfMemory = true
  if (event.Action === 'die') died(context, entry, event)
  if (event.Action === 'start') started(context, entry)
  if (event.Action === 'rename') renamed(context, entry, labels.name ?? '')
  if (event.Action === 'destroy' || event.Action === 'remove') destroyed(context, entry, wasKnown)
}

function died({engine, emit, rooms}: DockerContext, entry: Entry, event: EngineEvent): void {
  rooms.vacate(entry.id)
  if (entry.isTold || entry.isForgotten) return
  const {exitCode, containerExitCode} = event.Actor.Attributes ?? {}
  const code = Number(exitCode ?? containerExitCode ?? 0)
  const at = timeOf(event)
  const tell = (oomKilled: boolean) => {
    if (entry.isTold || entry.isForgotten) return
    entry.isTold = true
    entry.exit ??= exitInfo({code, at, signals: entry.signals, oomKilled})
    emit({type: 'exited', instance: instanceOf(entry)})
  }
  const isUnexplained = code === KILLED && !entry.ranOutOfMemory && !entry.signals.has(SIGKILL)
  // The Engine answers only when it has cleared away the network of the container, which a successor need not wait for.
  const mayBeMemory = isUnexplained && !entry.isUnlimited
  if (!mayBeMemory) {
    tell(entry.ranOutOfMemory)
    return
  }
  // The event about the memory can come later than that about the end.
  inspect(engine, entry.id).then(
    (container) => tell(container?.State.OOMKilled === true),
    () => tell(false),
  )
}

const timeOf = ({time, timeNano}: EngineEvent): string =>
  new Date(timeNano === undefined ? time * 1000 : timeNano / 1e6).toISOString()

/** By hand, after it had ended: somebody has to decide about it. */
function started({emit}: DockerContext, entry: Entry): void {
  const wasEnded = entry.exit !== undefined
  entry.signals.clear()
  entry.ranOutOfMemory = false
  entry.isTold = false
  if (!wasEnded) return
  entry.exit = undefined
  entry.isForgotten = false
  entry.wasStopped = false
  entry.isStale = true
  emit({type: 'resync', runtime: 'docker'})
}

function renamed({book, log, tidySoon}: DockerContext, {id}: Entry, name: string): void {
  if (book.names.get(id) === name || book.making.has(name)) return
  log.debug('a container was renamed by hand', {id, name})
  book.names.set(id, name)
  tidySoon()
}

function destroyed({book, emit, tidySoon, adoptions, log}: DockerContext, entry: Entry, wasKnown: boolean): void {
  const isSudden = wasKnown && !entry.isTold && !entry.isForgotten && !entry.wasStopped
  book.drop(entry.id)
  if (isSudden) {
    entry.exit ??= {at: new Date().toISOString()}
    emit({type: 'exited', instance: instanceOf(entry)})
  }
  adoptions.forget(entry.id).catch((error: unknown) => log.debug('not forgotten', {problem: messageOf(error)}))
  tidySoon()
}
