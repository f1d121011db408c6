import {constants} from 'node:os'
import type {ExitInfo} from '@omni-cli/sdk'
import {mapLimit, poll} from '@omni-cli/sdk'
import type {Entry} from './book.ts'
import {inspect, type Seen, seeContainers} from './containers.ts'
import type {DockerContext} from './context.ts'
import {isRefusal} from './engine/failure.ts'
import {exitOf} from './exit.ts'
import {removeVolumes} from './volumes.ts'

/** Beyond the grace, for the kill and the Engine's own work. */
const KILL_MS = 60_000
const {SIGTERM, SIGKILL} = constants.signals

/** The image's stop signal (SIGTERM), grace, SIGKILL. Resolves when it does not run; undefined when it is gone. */
export async function stopInstance(
  {engine, book}: DockerContext,
  id: string,
  graceMs: number,
): Promise<ExitInfo | undefined> {
  const entry = book.entries.get(id)
  if (entry?.exit !== undefined) return entry.exit
  if (entry !== undefined) {
    entry.wasStopped = true
    entry.signals.add(SIGTERM).add(SIGKILL)
  }
  const query = {t: Math.ceil(graceMs / 1000)}
  try {
    await engine.call('POST', `/containers/${encodeURIComponent(id)}/stop`, {query, timeoutMs: graceMs + KILL_MS})
  } catch (error) {
    if (isRefusal(error, 404)) return entry?.exit
    throw error
  }
  const container = await inspect(engine, id)
  if (container === undefined) return entry?.exit
  const exit = exitOf(container, new Set([SIGTERM, SIGKILL]))
  if (entry !== undefined) entry.exit ??= exit
  return exit
}

/** One that has ended by itself is kept for its logs until the next one has; others are removed. */
export async function removeInstance(context: DockerContext, id: string): Promise<void> {
  const {engine, book} = context
  const entry = book.entries.get(id)
  if (entry !== undefined && hasEndedByItself(entry)) return keep(context, entry)
  if (entry?.wasStopped !== true) {
    const container = await inspect(engine, id)
    if (container === undefined) return await forget(context, id)
    if (entry !== undefined && !container.State.Running && isUsed(container.State.FinishedAt)) {
      entry.exit = exitOf(container, entry.signals)
      if (hasEndedByItself(entry)) return keep(context, entry)
    }
    if (entry !== undefined) entry.wasStopped = true
    if (container.State.Running) {
      await engine.call('POST', `/containers/${encodeURIComponent(id)}/stop`, {timeoutMs: 2 * KILL_MS})
    }
  }
  await destroy(context, id)
  await forget(context, id)
}

/** Containers of an Orca are not kept: it is no business of ours to name and to count them. */
const hasEndedByItself = ({exit, wasStopped, identity}: Entry): boolean =>
  exit !== undefined && !wasStopped && identity.release !== ''

/** It has run once; else it has nothing to tell. */
const isUsed = (finishedAt: string): boolean => !finishedAt.startsWith('0001')

function keep({tidySoon}: DockerContext, entry: Entry): void {
  entry.isForgotten = true
  tidySoon()
}

async function forget({book, adoptions, tidySoon}: DockerContext, id: string): Promise<void> {
  book.drop(id)
  await adoptions.forget(id)
  tidySoon()
}

/** Removes the container and the volumes without a name that belong to it. Resolves when it is gone. */
export async function destroy({engine}: Pick<DockerContext, 'engine'>, id: string): Promise<void> {
  const path = `/containers/${encodeURIComponent(id)}`
  try {
    await engine.call('DELETE', path, {query: {force: true, v: true}, timeoutMs: KILL_MS})
  } catch (error) {
    if (isRefusal(error, 404)) return
    // Somebody else removes it right now.
    if (!isRefusal(error, 409)) throw error
    await poll({everyMs: 50, timeoutMs: KILL_MS}, async () => (await inspect(engine, id)) === undefined)
  }
}

/** Removes the containers of a service that do not run. */
export const forgetEnded = (context: DockerContext, service: string): Promise<void> =>
  removeContainers(context, service, ({isRunning}) => !isRunning)

/** Removes all containers and volumes of a service. */
export async function purgeService(context: DockerContext, service: string): Promise<void> {
  await removeContainers(context, service, () => true)
  await removeVolumes(context, service)
}

async function removeContainers(
  context: DockerContext,
  service: string,
  isMeant: (container: Seen) => boolean,
): Promise<void> {
  const seen = await seeContainers(context)
  const own = seen.filter((one) => one.identity.service === service && !one.isForeign && isMeant(one))
  await mapLimit(own, 8, async ({id}) => {
    const entry = context.book.entries.get(id)
    if (entry !== undefined) entry.wasStopped = true
    await destroy(context, id)
    await forget(context, id)
  })
}
