import {readFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {ensurePrivateDir, isOmniError, retry, writeFileAtomic} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'

/** Where a machine was made anew, or was not, because its own provider did not answer. */
export interface MovedMachine {
  readonly name: string
  readonly from: string
  readonly to: string
  /** RFC 3339. */
  readonly at: string
}

/**
 * What no provider can tell, kept per context under `OMNI_HOME/state`: who was stopped on purpose, who was made anew
 * elsewhere, and who was left where it was. A lost file makes recovery start what was stopped, nothing worse.
 */
export interface MachineMemory {
  /** `PROVIDER/NAME` → when `omni stop` stopped it. */
  readonly stopped: Readonly<Record<string, string>>
  readonly moved: readonly MovedMachine[]
  /** Machines that a fail-over from one to the other did not make anew. */
  readonly left: readonly MovedMachine[]
}

type Place = Pick<Session, 'home'> & {readonly context: {readonly name: string}}

const EMPTY: MachineMemory = {stopped: {}, moved: [], left: []}
/** Another command that notes something is done soon. */
const LOCK_ATTEMPTS = {
  attempts: 40,
  baseMs: 25,
  maxMs: 200,
  when: (error: unknown) => isOmniError(error) && error.code === 'LOCKED',
}

export async function readMemory(place: Place): Promise<MachineMemory> {
  const text = await readFile(fileOf(place), 'utf8').catch(() => '{}')
  try {
    const value: unknown = JSON.parse(text)
    return isMemory(value) ? {...EMPTY, ...value} : EMPTY
  } catch {
    return EMPTY
  }
}

/** One writer at a time; an unchanged memory is not written. */
export async function changeMemory(place: Place, change: (memory: MachineMemory) => MachineMemory): Promise<void> {
  const {withLock} = await import('@omni-cli/sdk/engine')
  const lock = {home: place.home, name: `.machines-${place.context.name}`, command: 'omni'}
  await retry(LOCK_ATTEMPTS, () =>
    withLock(lock, async () => {
      const before = await readMemory(place)
      const after = change(before)
      if (after === before) return
      const file = fileOf(place)
      await ensurePrivateDir(dirname(file))
      await writeFileAtomic(file, `${JSON.stringify(after, undefined, 1)}\n`)
    }),
  )
}

interface Known {
  readonly provider: string
  readonly name: string
}

export const memoryKey = ({provider, name}: Known): string => `${provider}/${name}`

/** `omni stop` stopped it, and it has not run since. */
export const isStoppedOnPurpose = (
  memory: MachineMemory,
  provider: string,
  {name, status}: {readonly name: string; readonly status?: string | undefined},
): boolean => memory.stopped[memoryKey({provider, name})] !== undefined && status !== 'running'

interface Acted {
  readonly kind: string
  readonly name: string
  readonly driver: {readonly name: string}
}

/**
 * Notes what a person wants of machines: after `stop` recovery leaves them alone until `start`, `restart`, or until they are
 * seen to run. Written before the act: it is the wish that counts.
 */
export async function noteWish(
  place: Place,
  verb: 'start' | 'stop' | 'restart',
  chosen: readonly Acted[],
): Promise<void> {
  const keys = chosen
    .filter(({kind}) => kind === 'instance')
    .map(({name, driver}) => memoryKey({provider: driver.name, name}))
  if (keys.length === 0) return
  const at = new Date().toISOString()
  await changeMemory(place, (memory) => {
    const others = Object.entries(memory.stopped).filter(([key]) => !keys.includes(key))
    if (verb !== 'stop' && others.length === Object.keys(memory.stopped).length) return memory
    const stopped = verb === 'stop' ? keys.map((key) => [key, at]) : []
    return {...memory, stopped: Object.fromEntries([...others, ...stopped])}
  })
}

const fileOf = ({home, context}: Place): string =>
  join(home, 'state', `machines-${encodeURIComponent(context.name)}.json`)

/** Files of before have no `left`. */
const isMemory = (value: unknown): value is Omit<MachineMemory, 'left'> & Partial<Pick<MachineMemory, 'left'>> =>
  typeof value === 'object' &&
  value !== null &&
  'stopped' in value &&
  typeof value.stopped === 'object' &&
  value.stopped !== null &&
  'moved' in value &&
  Array.isArray(value.moved) &&
  (!('left' in value) || Array.isArray(value.left))
