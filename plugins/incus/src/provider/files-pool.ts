import type {Duplex} from 'node:stream'
import type {CallOptions} from '@omni-cli/sdk'
import type {IncusClient} from '../client/client.ts'
import {openSession, type Session} from './files-session.ts'

/** A connection without work is closed after so long; it never keeps the process. */
const IDLE_MS = 1_000

/** One connection for each instance, shared by all that work on its files. */
export interface SessionPool {
  use<T>(instance: string, options: CallOptions, work: (session: Session) => Promise<T>): Promise<T>
}

interface Shared {
  readonly session: Session
  readonly socket: Duplex
  users: number
  idle?: NodeJS.Timeout | undefined
}

export function createSessionPool(client: Pick<IncusClient, 'upgrade'>): SessionPool {
  const opened = new Map<string, Promise<Shared>>()
  const open = async (instance: string, options: CallOptions): Promise<Shared> => {
    const socket = await client.upgrade(`/instances/${encodeURIComponent(instance)}/sftp`, 'sftp', options)
    return {session: await openSession(socket), socket, users: 0}
  }
  const take = async (instance: string, options: CallOptions): Promise<Shared> => {
    const known = opened.get(instance)
    const shared = await known?.catch(() => undefined)
    if (shared?.session.isOpen) return shared
    if (opened.get(instance) !== known) return take(instance, options)
    const fresh = open(instance, options)
    opened.set(instance, fresh)
    return fresh
  }
  return {
    async use(instance, options, work) {
      const shared = await take(instance, options)
      hold(shared)
      try {
        return await work(shared.session)
      } finally {
        release(shared)
      }
    },
  }
}

function hold(shared: Shared): void {
  shared.users++
  clearTimeout(shared.idle)
  setRef(shared.socket, true)
}

function release(shared: Shared): void {
  shared.users--
  if (shared.users > 0) return
  setRef(shared.socket, false)
  shared.idle = setTimeout(() => shared.session.close(), IDLE_MS).unref()
}

function setRef(socket: Duplex, isKept: boolean): void {
  const change = Reflect.get(socket, isKept ? 'ref' : 'unref')
  if (typeof change === 'function') change.call(socket)
}
