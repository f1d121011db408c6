import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {Detection} from './detection.ts'

/** The files of ours that a recognised folder needs, from `templates/up` of the package at `root`. */
export async function readExtraFiles(detection: Detection, root: string): Promise<Record<string, Buffer>> {
  const files = Object.entries(detection.extraFiles).map(
    async ([path, name]) => [path, await readFile(join(root, 'templates', 'up', name))] as const,
  )
  return Object.fromEntries(await Promise.all(files))
}
