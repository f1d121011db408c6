import {inspect, study} from './containers.ts'
import type {DockerContext} from './context.ts'
import {isRefusal} from './engine/failure.ts'
import {OMNI} from './labels.ts'
import {INTERNAL_NETWORK} from './names.ts'

/** Connects a running container again to the networks that it has lost; they are made when they are gone, too. */
export async function reconnect(context: DockerContext, id: string): Promise<void> {
  const {engine, networks, log, book, emit, owner, rooms} = context
  const container = await inspect(engine, id)
  const labels = container?.Config.Labels ?? {}
  const network = labels[OMNI.network]
  if (container?.State.Running !== true || labels[OMNI.owner] !== owner || network === undefined) return
  const wanted = new Map([[network, (labels[OMNI.aliases] ?? '').split(',').filter((alias) => alias !== '')]])
  if (labels[OMNI.internal] !== undefined) wanted.set(INTERNAL_NETWORK, [`orca-${labels[OMNI.service]}`])
  const lost = [...wanted].filter(([name]) => container.NetworkSettings?.Networks?.[name] === undefined)
  for (const [name, aliases] of lost) {
    try {
      await networks.connect(name, id, aliases)
      log.debug('a container was connected to its network again', {id, network: name})
    } catch (error) {
      // It is connected already, or it has ended meanwhile.
      if (!isRefusal(error)) throw error
      log.debug('not connected again', {id, network: name, problem: error.message})
    }
  }
  const entry = book.entries.get(rooms.find(id)?.user ?? id)
  rooms.moved(id)
  if (lost.length === 0 || entry === undefined) return
  // It may have another address now.
  await study(context, entry)
  emit({type: 'resync', runtime: 'docker'})
}
