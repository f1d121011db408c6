import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {ensurePrivateDir, OmniError, writeFileAtomic} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {Locks} from './locks.ts'

const record = z.object({
  labels: z.record(z.string(), z.string()),
  /** As the plan says it. */
  image: z.string(),
  cpus: z.optional(z.number()),
  memory: z.optional(z.number()),
  disk: z.optional(z.number()),
  protect: z.optional(z.boolean()),
  /** RFC 3339; of this entry, when the machine was made by hand before. */
  createdAt: z.string(),
  isAdopted: z.optional(z.boolean()),
  /** Of the machine itself, to know it again. Absent until its launch was seen to succeed. */
  imageHash: z.optional(z.string()),
  machineId: z.optional(z.string()),
  address: z.optional(z.string()),
})

/** What Multipass does not keep of a machine that we have made. User data, which may hold secrets, is not kept. */
export type Kept = z.output<typeof record>

const file = z.object({
  version: z.literal(1),
  instances: z.record(z.string(), record),
  /** Images that were launched before, and so need no download. */
  images: z._default(z.array(z.string()), []),
})

export type Records = z.output<typeof file>

export interface RecordStore {
  read(): Promise<Records>
  /** Replaces the list as a whole, while no other process does. */
  change(work: (records: Records) => Records): Promise<void>
  put(name: string, kept: Kept): Promise<void>
  drop(name: string): Promise<void>
  /** Leaves out what was put there anew meanwhile. */
  forget(known: readonly {readonly name: string; readonly kept: Kept}[]): Promise<void>
}

/** The list in `state/multipass.json`. */
export function openRecords(home: string, locks: Locks): RecordStore {
  const path = join(home, 'state', 'multipass.json')
  const change: RecordStore['change'] = (work) =>
    locks.records(async () => {
      await ensurePrivateDir(join(home, 'state'))
      await writeFileAtomic(path, `${JSON.stringify(work(await readRecords(path)), undefined, 2)}\n`)
    })
  return {
    read: () => readRecords(path),
    change,
    put: (name, kept) => change((records) => ({...records, instances: {...records.instances, [name]: kept}})),
    drop: (name) => change((records) => without(records, (other) => other === name)),
    forget: (known) =>
      change((records) =>
        without(records, (name, {createdAt}) =>
          known.some((one) => one.name === name && one.kept.createdAt === createdAt),
        ),
      ),
  }
}

const without = (records: Records, isGone: (name: string, kept: Kept) => boolean): Records => ({
  ...records,
  instances: Object.fromEntries(Object.entries(records.instances).filter(([name, kept]) => !isGone(name, kept))),
})

async function readRecords(path: string): Promise<Records> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return {version: 1, instances: {}, images: []}
  try {
    return file.parse(JSON.parse(text))
  } catch (error) {
    throw new OmniError('IO', `'${path}' is damaged: it tells which machines belong to which plan`, {
      hint: `repair it, or remove it to forget all labels: ${path}`,
      cause: error,
    })
  }
}
