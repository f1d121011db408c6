import {
  type CallOptions,
  isOmniError,
  OmniError,
  type ProfileFacet,
  type ProfileSpec,
  type ProfileState,
} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusClient} from '../client/client.ts'
import {profileWire, type WireProfile} from '../client/wire.ts'
import {hasLabels, labelKey, labelsOf, withLabels, withoutLabels} from './labels.ts'
import {only, readWritten, without, writtenConfig} from './profiles-record.ts'
import {usersIn} from './profiles-users.ts'
import {listProfiles} from './requests.ts'

/** Profiles of the project. */
export function createProfiles(client: IncusClient): ProfileFacet {
  const find = (name: string, options?: CallOptions) =>
    client.find(profileWire, {method: 'GET', path: pathTo(name)}, options)
  const get = async (name: string, options?: CallOptions) => {
    const found = await find(name, options)
    return found === undefined ? undefined : profileOf(found.value, client.project)
  }
  const observed = async (name: string, options?: CallOptions): Promise<ProfileState> => {
    const found = await get(name, options)
    if (found === undefined) throw missing(name)
    return found
  }
  return {
    get,
    async list({labels, project, ...options} = {}) {
      const request = {...listProfiles(), query: {recursion: '1', ...(project === undefined ? {} : {project})}}
      const {value} = await client.fetch(z.array(profileWire), request, options)
      const profiles = value.map((wire) => profileOf(wire, project ?? client.project))
      return profiles.filter((profile) => hasLabels(profile.labels, labels))
    },
    async create(spec, options) {
      const {name, description = '', config = {}, devices = {}, metadata = {}} = spec
      const json = {name, description, config: withLabels({...config, ...writtenConfig(spec)}, metadata), devices}
      await client.send({method: 'POST', path: '/profiles', json}, options).catch((error: unknown) => {
        throw isOmniError(error) && error.code === 'CONFLICT' ? taken(name, error) : error
      })
      return observed(name, options)
    },
    async update(name, spec, options) {
      const found = await find(name, options)
      if (found === undefined) throw missing(name)
      await client.send({method: 'PUT', path: pathTo(name), json: next(found.value, spec), etag: found.etag}, options)
      return observed(name, options)
    },
    async remove(name, options) {
      await client.send({method: 'DELETE', path: pathTo(name)}, options).catch(async (error: unknown) => {
        if (isOmniError(error) && error.code === 'NOT_FOUND') return
        throw await inUse(error, name, get)
      })
    },
  }
}

/** What the spec says in place of what the last one said. All else stays: somebody has set it by hand. */
function next(wire: WireProfile, spec: ProfileSpec): object {
  const {description, config = {}, devices = {}, metadata} = spec
  const before = readWritten(wire.config)
  const settings = {...without(wire.config, before?.config ?? []), ...config, ...writtenConfig(spec)}
  return {
    description: description ?? (before?.description === true ? '' : wire.description),
    config: withLabels(settings, metadata ?? labelsOf(wire.config)),
    devices: {...without(wire.devices, before?.devices ?? []), ...devices},
  }
}

function profileOf({name, description, config, devices, used_by: usedBy}: WireProfile, project: string): ProfileState {
  const labels = labelsOf(config)
  const written = readWritten(config)
  const isShown = description !== '' && written?.description !== false
  return {
    name,
    ...(isShown ? {description} : {}),
    config: settingsOf(config, written?.config),
    devices: only(devices, written?.devices),
    metadata: labels,
    labels,
    usedBy: usersIn(usedBy, project),
  }
}

/** The settings that were written, or all of them without the labels. */
function settingsOf(config: WireProfile['config'], written: readonly string[] | undefined): Record<string, string> {
  if (written !== undefined) return only(config, written)
  return without(withoutLabels(config), Object.keys(labelsOf(config)).map(labelKey))
}

async function inUse(error: unknown, name: string, get: ProfileFacet['get']): Promise<unknown> {
  const users = (await get(name).catch(() => undefined))?.usedBy ?? []
  if (users.length === 0) return error
  return new OmniError('CONFLICT', `profile '${name}' is used by ${users.join(', ')}`, {
    hint: 'take it out of their profiles, or remove them, first',
    cause: error,
  })
}

const pathTo = (name: string) => `/profiles/${encodeURIComponent(name)}`

const missing = (name: string) => new OmniError('NOT_FOUND', `no profile '${name}'`, {hint: 'omni get profiles'})

const taken = (name: string, cause: unknown) =>
  new OmniError('CONFLICT', `profile '${name}' exists already`, {hint: 'omni get profiles', cause})
