import {type Logger, messageOf, OmniError} from '@omni-cli/sdk'
import type {Engine} from './engine/engine.ts'
import {isRefusal} from './engine/failure.ts'
import {OMNI} from './labels.ts'
import {freeSubnets} from './subnets.ts'
import {networkSchema, read} from './wire.ts'

/** Networks by name. Those that others made are used and never removed. */
export interface Networks {
  /** Makes it when it is missing; once, however many ask. */
  ensure(name: string): Promise<void>
  /** It is gone: the next `ensure` asks the Engine again. */
  forget(name: string): void
  connect(name: string, id: string, aliases: readonly string[]): Promise<void>
  /** Removes those of this server that are not named. One that is in use stays. */
  sweep(used: ReadonlySet<string>): Promise<void>
}

export function createNetworks(engine: Engine, owner: string, log: Logger): Networks {
  const known = new Map<string, Promise<void>>()
  /** The Engine makes two of one name when it is asked twice at the same time. */
  const making = new Map<string, Promise<void>>()
  const ensure = (name: string): Promise<void> => {
    const running = known.get(name) ?? making.get(name)
    if (running !== undefined) return running
    const work = make(engine, name, owner).finally(() => making.delete(name))
    known.set(name, work)
    making.set(name, work)
    work.catch(() => known.get(name) === work && known.delete(name))
    return work
  }
  return {
    ensure,
    forget: (name) => void known.delete(name),
    async connect(name, id, aliases) {
      const json = {Container: id, EndpointConfig: {Aliases: aliases}}
      const path = `/networks/${encodeURIComponent(name)}/connect`
      await ensure(name)
      try {
        await engine.call('POST', path, {json})
      } catch (error) {
        if (!isRefusal(error, 404)) throw error
        known.delete(name)
        await ensure(name)
        await engine.call('POST', path, {json})
      }
    },
    async sweep(used) {
      const filters = JSON.stringify({label: [`${OMNI.owner}=${owner}`]})
      const networks = read(
        networkSchema.array(),
        await engine.call('GET', '/networks', {query: {filters}}),
        'networks',
      )
      for (const {Id, Name} of networks.filter(({Name}) => !used.has(Name))) {
        known.delete(Name)
        await engine.call('DELETE', `/networks/${Id}`).catch((error: unknown) => {
          if (!isRefusal(error)) throw error
          log.debug('network not removed', {network: Name, problem: messageOf(error)})
        })
      }
    },
  }
}

/** There are several networks of one name. */
export const isAmbiguous = (message: string): boolean => /network .* is ambiguous/.test(message)

async function make(engine: Engine, name: string, owner: string): Promise<void> {
  try {
    await engine.call('GET', `/networks/${encodeURIComponent(name)}`)
    return
  } catch (error) {
    if (isRefusal(error) && isAmbiguous(error.message)) return await removeDoubles(engine, name, owner)
    if (!isRefusal(error, 404)) throw error
  }
  const create = (more: object) =>
    engine.call('POST', '/networks/create', {
      json: {Name: name, Driver: 'bridge', CheckDuplicate: true, Labels: {[OMNI.owner]: owner}, ...more},
    })
  try {
    await create({})
  } catch (error) {
    // Somebody else was faster.
    if (isRefusal(error, 409)) return
    if (!isRefusal(error) || !/address pool/.test(error.message)) throw error
    if (!(await makeElsewhere(engine, create))) throw noAddresses(name, error)
  }
}

/** Two servers may have made it at the same moment: then no container can join. Those of ours that nobody is in go. */
async function removeDoubles(engine: Engine, name: string, owner: string): Promise<void> {
  const filters = JSON.stringify({name: [name], label: [`${OMNI.owner}=${owner}`]})
  const answer = await engine.call('GET', '/networks', {query: {filters}})
  const [, ...others] = read(networkSchema.array(), answer, 'networks').filter(({Name}) => Name === name)
  for (const {Id} of others) {
    await engine.call('DELETE', `/networks/${Id}`).catch((error: unknown) => {
      if (!isRefusal(error)) throw error
    })
  }
}

const ATTEMPTS = 8

/** Docker has addresses for some thirty networks by itself; we look for free ones where this machine has no routes. */
async function makeElsewhere(engine: Engine, create: (more: object) => Promise<unknown>): Promise<boolean> {
  // The routes of another machine are not known.
  if (!engine.isLocal) return false
  for (const subnet of (await freeSubnets()).slice(0, ATTEMPTS)) {
    try {
      await create({IPAM: {Config: [{Subnet: subnet}]}})
      return true
    } catch (error) {
      if (isRefusal(error, 409)) return true
      // Another network has it, perhaps since a moment ago.
      if (!isRefusal(error) || !/overlap|conflict/i.test(error.message)) throw error
    }
  }
  return false
}

const noAddresses = (name: string, cause: Error): OmniError =>
  new OmniError('DEPLOY_FAILED', `no addresses are left for the network '${name}': ${cause.message}`, {
    hint: 'docker network prune, or put services into one project',
    cause,
  })
