import {join, relative, resolve, sep} from 'node:path'
import type {ServiceInput} from '@omni-cli/sdk'
import {entriesOf, get, type MapNode, textAt, textOf} from './node.ts'
import type {Notes} from './notes.ts'

export interface BuildSurroundings {
  /** That the context is relative to. */
  readonly folder: string
  /** Folder of the file that is written. */
  readonly target: string
  readonly notes: Notes
}

/** An image, or what it is built from: a folder that omni packs, or a git repository. */
export function buildOf(
  service: MapNode,
  {folder, target, notes}: BuildSurroundings,
): Pick<ServiceInput, 'image' | 'source' | 'build'> {
  const image = textAt(service, 'image')
  const build = get(service, 'build')
  if (build === undefined) return image === undefined ? {} : {image}
  if (image !== undefined) notes.add(build.place, `it is built; the name '${image}' is left out`)
  for (const [key, {place}] of entriesOf(build)) {
    if (key !== 'context' && key !== 'dockerfile') notes.add(place, `'build.${key}' is left out: omni has none`)
  }
  const context = textOf(build) ?? textAt(build, 'context') ?? '.'
  const dockerfile = textAt(build, 'dockerfile') ?? 'Dockerfile'
  const [address = '', fragment = ''] = context.split('#')
  if (/^(https?|ssh|git):\/\/|^[\w.-]+@[\w.-]+:/.test(address)) {
    const [branch, inner] = fragment.split(':')
    // The Dockerfile of compose is relative to the context, that of omni to the repository.
    return {
      build: {
        repo: address,
        branch: branch || undefined,
        context: inner || undefined,
        dockerfile: join(inner ?? '', dockerfile),
      },
    }
  }
  const source = relative(target, resolve(folder, context)).split(sep).join('/')
  return {source: source === '' ? '.' : source, build: {dockerfile}}
}
