import {type CallOptions, type FileEntry, mapLimit, OmniError} from '@omni-cli/sdk'
import type {Owner} from './endpoint.ts'
import type {Meter} from './meter.ts'
import type {KnownPlace, Place} from './place.ts'
import type {Side, WriteAttributes} from './side.ts'

/** How many files or folders at the same time. */
const AT_ONCE = 8

export interface TreeOptions extends CallOptions {
  readonly meter: Meter
  readonly owner?: Owner | undefined
}

/** What was copied, by number. */
export interface TreeOutcome {
  readonly files: number
  readonly folders: number
  readonly links: number
  /** Sockets, devices and pipes, which nothing can carry over. */
  readonly skipped: readonly string[]
}

interface Pair {
  readonly entry: FileEntry
  readonly from: string
  readonly to: string
}

/** Copies a file, or a folder with all that is in it. Symlinks stay symlinks. Ends at the first failure. */
export async function copyTree(source: KnownPlace, target: Place, options: TreeOptions): Promise<TreeOutcome> {
  const sides = {from: source.side, to: target.side}
  const counts = {files: 0, folders: 0, links: 0}
  const skipped: string[] = []
  const made: Pair[] = []
  let level: Pair[] = [{entry: source.entry, from: source.path, to: target.path}]
  while (level.length > 0) {
    const folders = level.filter(({entry}) => entry.type === 'directory')
    const leaves = level.filter(({entry}) => entry.type !== 'directory')
    await mapLimit(leaves, AT_ONCE, async (pair) => {
      const copied = await copyLeaf(pair, sides, options)
      if (copied === undefined) skipped.push(sides.from.show(pair.from))
      else counts[copied]++
    })
    const below = await mapLimit(folders, AT_ONCE, async (pair) => {
      const {signal} = options
      if (await sides.to.makeFolder(pair.to, attributesOf(pair.entry, options), {signal})) made.push(pair)
      counts.folders++
      const entries = await sides.from.list(pair.from, {signal})
      return entries.map((entry): Pair => {
        const {name} = entry
        return {entry, from: sides.from.join(pair.from, name), to: sides.to.join(pair.to, name)}
      })
    })
    level = below.flat()
  }
  for (const {to, entry} of made.toReversed()) await sides.to.closeFolder(to, attributesOf(entry, options))
  return {...counts, skipped}
}

async function copyLeaf(
  {entry, from, to}: Pair,
  sides: {readonly from: Side; readonly to: Side},
  options: TreeOptions,
): Promise<'files' | 'links' | undefined> {
  const call = {signal: options.signal}
  if (entry.type === 'other') return undefined
  if (entry.type === 'symlink') {
    if (entry.target === undefined) throw new OmniError('IO', `'${sides.from.show(from)}' does not tell where it leads`)
    await sides.to.makeSymlink(to, entry.target, call)
    return 'links'
  }
  const content = options.meter.count(await sides.from.read(from, call))
  await sides.to.write(to, content, attributesOf(entry, options), call)
  return 'files'
}

/** Owners are only known on the other side when it is an instance, too. */
const attributesOf = ({mode, uid, gid}: FileEntry, {owner}: TreeOptions): WriteAttributes => ({
  mode,
  uid: owner?.uid ?? uid,
  gid: owner?.gid ?? gid,
})
