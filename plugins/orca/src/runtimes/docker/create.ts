import {OmniError} from '@omni-cli/sdk'
import type {InstanceRequest, RuntimeInstance} from '../runtime.ts'
import {type ConfigOptions, containerConfig} from './container-config.ts'
import {instanceOf, study} from './containers.ts'
import type {DockerContext} from './context.ts'
import {createFailure} from './create-failure.ts'
import {isRefusal} from './engine/failure.ts'
import {finalName, freeName, INTERNAL_NETWORK, networkOf} from './names.ts'
import {isAmbiguous} from './networks.ts'
import {envProblems} from './spec-check.ts'
import {ensureVolume} from './volumes.ts'
import {createdSchema, read} from './wire.ts'

/** The start of a container may wait for a busy disk. */
const START_MS = 120_000

/** Makes and starts a container. When that fails, nothing of it is left and the error says why. */
export async function createInstance(context: DockerContext, request: InstanceRequest): Promise<RuntimeInstance> {
  // The Engine would start it, and it would end without a word.
  const [problem] = envProblems(request.env)
  if (problem !== undefined) throw new OmniError('MANIFEST_INVALID', problem)
  try {
    return await createOnce(context, request)
  } catch (error) {
    if (!isMissingNetwork(error) && !isMissingRoom(error)) throw createFailure(error, request)
  }
  // It was removed, or has ended, since we looked.
  for (const network of networksFor(request)) context.networks.forget(network)
  try {
    return await createOnce(context, request)
  } catch (error) {
    throw createFailure(error, request)
  }
}

const isMissingNetwork = (error: unknown): boolean =>
  (isRefusal(error, 404) && /network .* not found|could not find (a )?network/i.test(error.message)) ||
  (isRefusal(error) && isAmbiguous(error.message))

const isMissingRoom = (error: unknown): boolean =>
  isRefusal(error) && /cannot join network of a non running container|no such container/i.test(error.message)

const networksFor = ({spec}: InstanceRequest): string[] => [
  networkOf(spec),
  ...(spec.internal ? [INTERNAL_NETWORK] : []),
]

async function createOnce(context: DockerContext, request: InstanceRequest): Promise<RuntimeInstance> {
  const {owner, machine, rooms} = context
  const [{isDirect}, volume] = await Promise.all([
    machine(),
    ensureVolume(context, request),
    ...networksFor(request).map((network) => context.networks.ensure(network)),
  ])
  const options = {owner, volume, isPublished: !isDirect}
  if (request.spec.keep_network !== true) return await launch(context, request, options)
  const room = await rooms.take(request, options.isPublished)
  try {
    const instance = await launch(context, request, {...options, room: room.id})
    if (instance.state === 'running') room.user = instance.id
    return instance
  } catch (error) {
    if (isMissingRoom(error)) rooms.drop(room.id)
    // Nobody may come back for the room.
    context.tidySoon()
    throw error
  } finally {
    room.isTaken = false
  }
}

async function launch(
  context: DockerContext,
  request: InstanceRequest,
  options: ConfigOptions,
): Promise<RuntimeInstance> {
  const {networks, engine, book} = context
  const {id, name} = await createNamed(context, request, containerConfig(request, options))
  const entry = book.open(id, request)
  const isOnItsOwn = options.room === undefined
  try {
    if (request.spec.internal && isOnItsOwn) await networks.connect(INTERNAL_NETWORK, id, [`orca-${request.service}`])
    await engine.call('POST', `/containers/${id}/start`, {timeoutMs: START_MS})
    await study(context, entry)
    return instanceOf(entry)
  } catch (error) {
    entry.isForgotten = true
    await engine.call('DELETE', `/containers/${id}`, {query: {force: true, v: true}}).catch(() => undefined)
    book.drop(id)
    throw error
  } finally {
    book.making.delete(name)
  }
}

/** Under its final name, or a free one while another container has that. The name is in `making` then. */
async function createNamed(
  {book, engine}: DockerContext,
  {service, index, release, spec}: InstanceRequest,
  json: object,
) {
  const final = finalName(service, index, spec.replicas)
  const createAs = async (name: string) => {
    book.making.add(name)
    try {
      const answer = await engine.call('POST', '/containers/create', {query: {name}, json})
      const {Id: id} = read(createdSchema, answer, 'container')
      book.names.set(id, name)
      return {id, name}
    } catch (error) {
      book.making.delete(name)
      throw error
    }
  }
  if (!book.isTaken(final)) {
    try {
      return await createAs(final)
    } catch (error) {
      if (!(isRefusal(error, 409) && /already in use/.test(error.message))) throw error
    }
  }
  return await createAs(freeName(final, release))
}
