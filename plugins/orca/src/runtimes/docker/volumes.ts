import {messageOf, OmniError} from '@omni-cli/sdk'
import type {InstanceRequest} from '../runtime.ts'
import type {DockerContext} from './context.ts'
import {isRefusal} from './engine/failure.ts'
import {type Labels, OMNI} from './labels.ts'
import {volumeNames} from './names.ts'
import {read, volumeSchema, volumesSchema} from './wire.ts'

type Replica = Pick<InstanceRequest, 'service' | 'index'>

/** Name of the volume of a replica; it is made when there is none. That of an Orca before us is used. */
export async function ensureVolume(context: DockerContext, request: InstanceRequest): Promise<string | undefined> {
  const {volume} = request.spec
  if (volume === undefined) return undefined
  const {own, older, fallback} = volumeNames(request.service, request.index, context.owner)
  for (const name of older === undefined ? [own] : [own, older]) {
    const labels = await labelsOf(context, name)
    if (labels !== undefined && (await isOurs(context, {name, labels, request}))) return name
  }
  const isTaken = (await labelsOf(context, own)) !== undefined
  const name = isTaken ? fallback : own
  await make(context, {name, request, size: volume.size})
  return name
}

/** Undefined when there is no such volume. */
async function labelsOf({engine}: DockerContext, name: string): Promise<Labels | undefined> {
  try {
    return read(volumeSchema, await engine.call('GET', `/volumes/${name}`), 'volume').Labels ?? {}
  } catch (error) {
    if (isRefusal(error, 404)) return undefined
    throw error
  }
}

interface Found {
  readonly name: string
  readonly labels: Labels
  readonly request: Replica
}

async function isOurs({owner, adoptions}: DockerContext, {name, labels, request}: Found): Promise<boolean> {
  if (labels[OMNI.owner] === undefined) return await adoptions.claimVolume(name, request)
  return (
    labels[OMNI.owner] === owner &&
    labels[OMNI.service] === request.service &&
    labels[OMNI.index] === String(request.index)
  )
}

interface Wish {
  readonly name: string
  readonly request: Replica
  readonly size: number | undefined
}

async function make({engine, owner, log}: DockerContext, {name, request, size}: Wish): Promise<void> {
  const labels = {
    [OMNI.owner]: owner,
    [OMNI.service]: request.service,
    [OMNI.index]: String(request.index),
  }
  const create = (options: object) =>
    engine.call('POST', '/volumes/create', {json: {Name: name, Driver: 'local', Labels: labels, ...options}})
  if (size === undefined) return void (await create({}))
  try {
    await create({DriverOpts: {size: String(size)}})
  } catch (error) {
    if (!isRefusal(error)) throw error
    log.debug('a volume without its size', {volume: name, problem: messageOf(error)})
    await create({})
  }
}

/** Removes all volumes of a service. CONFLICT when somebody else's container uses one. */
export async function removeVolumes({engine, owner, adoptions}: DockerContext, service: string): Promise<void> {
  const filters = JSON.stringify({label: [`${OMNI.owner}=${owner}`, `${OMNI.service}=${service}`]})
  const {Volumes} = read(volumesSchema, await engine.call('GET', '/volumes', {query: {filters}}), 'volumes')
  const names = new Set([...(Volumes ?? []).map(({Name}) => Name), ...adoptions.volumesOf(service)])
  for (const name of names) {
    try {
      await engine.call('DELETE', `/volumes/${name}`)
    } catch (error) {
      if (isRefusal(error, 409)) {
        throw new OmniError('CONFLICT', `the volume '${name}' cannot be removed: ${error.message}`, {
          hint: `docker ps -a --filter volume=${name}`,
          cause: error,
        })
      }
      if (!isRefusal(error, 404)) throw error
    }
    await adoptions.forgetVolume(name)
  }
}
