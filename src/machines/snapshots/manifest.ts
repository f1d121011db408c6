import {createHash} from 'node:crypto'
import {readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {ensurePrivateDir, type Instance, messageOf, OmniError, reasonOf, writeFileAtomic} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {z} from 'zod'

const member = z.object({
  instance: z.string(),
  snapshot: z.string(),
  createdAt: z.string(),
  /** Of the machine as it was. */
  specHash: z.string(),
})

const group = z.object({
  version: z.literal(1),
  name: z.string(),
  provider: z.string(),
  createdAt: z.string(),
  expiresAt: z.string().optional(),
  /** Partial: not all that were to be in it are, or the command did not come to its end. */
  status: z.enum(['complete', 'partial']),
  /** All that were to be in it. */
  wanted: z.array(z.string()),
  members: z.array(member),
})

/** Snapshots that were taken together, under one name. */
export type SnapshotGroup = z.output<typeof group>
export type GroupMember = z.output<typeof member>

const folderOf = ({home, context}: Session): string =>
  join(home, 'state', 'snapshots', encodeURIComponent(context.name))

const fileOf = (session: Session, name: string): string => join(folderOf(session), `${encodeURIComponent(name)}.json`)

/** Writes a group that is begun; false when there is one of that name, also one of another command at this moment. */
export async function beginGroup(session: Session, begun: SnapshotGroup): Promise<boolean> {
  await ensurePrivateDir(join(session.home, 'state'))
  await ensurePrivateDir(join(session.home, 'state', 'snapshots'))
  await ensurePrivateDir(folderOf(session))
  const file = fileOf(session, begun.name)
  try {
    await writeFile(file, textOf(begun), {flag: 'wx', mode: 0o600})
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw new OmniError('IO', `cannot write '${file}': ${reasonOf(error)}`, {cause: error})
  }
}

export const writeGroup = (session: Session, group: SnapshotGroup): Promise<void> =>
  writeFileAtomic(fileOf(session, group.name), textOf(group))

const textOf = (group: SnapshotGroup): string => `${JSON.stringify(group, undefined, 2)}\n`

/** Undefined when there is none of that name. IO for one that cannot be read. */
export async function findGroup(session: Session, name: string): Promise<SnapshotGroup | undefined> {
  return readGroup(fileOf(session, name))
}

async function readGroup(file: string): Promise<SnapshotGroup | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENAMETOOLONG') return undefined
    throw new OmniError('IO', `cannot read '${file}': ${reasonOf(error)}`, {cause: error})
  })
  return text === undefined ? undefined : parseGroup(text, file)
}

/** NOT_FOUND with the groups there are. */
export async function requireGroup(session: Session, name: string): Promise<SnapshotGroup> {
  const found = await findGroup(session, name)
  if (found !== undefined) return found
  const known = (await listGroups(session)).map((one) => `'${one.name}'`)
  const text = known.length === 0 ? 'there are none' : `there are ${known.slice(-5).join(', ')}`
  throw new OmniError('NOT_FOUND', `there is no group of snapshots '${name}'; ${text}`, {
    hint: 'omni snapshot list --groups',
  })
}

export interface ListGroupsOptions {
  /** Told of each file that is passed over. */
  readonly notice?: ((text: string) => void) | undefined
}

/** Oldest first. A file that cannot be read, or is no group, is passed over: the others are there all the same. */
export async function listGroups(session: Session, {notice}: ListGroupsOptions = {}): Promise<SnapshotGroup[]> {
  const folder = folderOf(session)
  const names = await readdir(folder).catch(() => [])
  const files = names.filter((name) => name.endsWith('.json')).map((name) => join(folder, name))
  const groups = await Promise.all(
    files.map(async (file) => {
      try {
        const found = await readGroup(file)
        if (found === undefined) notice?.(`warning: '${file}' is passed over: it is gone`)
        return found
      } catch (error) {
        notice?.(`warning: passed over: ${messageOf(error)}`)
        return undefined
      }
    }),
  )
  return groups.filter((one) => one !== undefined).toSorted((a, b) => a.createdAt.localeCompare(b.createdAt))
}

export const removeGroup = (session: Session, name: string): Promise<void> => rm(fileOf(session, name), {force: true})

function parseGroup(text: string, file: string): SnapshotGroup {
  try {
    return group.parse(JSON.parse(text))
  } catch (error) {
    throw new OmniError('IO', `'${file}' is no group of snapshots of this version`, {cause: error})
  }
}

/** What the machine was made of, in a form that can be compared: sorted, without what changes by itself. */
export function specHash({name: _, image, type, cpus, memoryBytes, diskBytes, settings}: Instance): string {
  const text = JSON.stringify(sorted({image, type, cpus, memoryBytes, diskBytes, settings}))
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  )
}
