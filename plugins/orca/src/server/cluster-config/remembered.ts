import {readFile, rm} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {ensurePrivateDir, writeFileAtomic} from '@omni-cli/sdk'
import type {ClusterConfig} from './read.ts'

/** The file that a server has started with last; later starts use it, too. */
export interface RememberedConfig {
  /** Absolute. */
  readonly path: string
  /** Of the content that the server has read. */
  readonly digest: string
  /** That server. */
  readonly pid: number
}

const fileOf = (home: string): string => join(home, 'engine', 'cluster-config.json')

export async function rememberConfig(home: string, {path, digest}: ClusterConfig): Promise<void> {
  const file = fileOf(home)
  await ensurePrivateDir(dirname(file))
  await writeFileAtomic(file, `${JSON.stringify({path, digest, pid: process.pid} satisfies RememberedConfig)}\n`)
}

export const forgetConfig = (home: string): Promise<void> => rm(fileOf(home), {force: true})

/** Undefined when no server of this home was given a file. Rejects when it cannot be known. */
export async function rememberedConfig(home: string): Promise<RememberedConfig | undefined> {
  let text: string
  try {
    text = await readFile(fileOf(home), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined
    throw error
  }
  // Written by this program, whole or not at all.
  return JSON.parse(text) as RememberedConfig
}
