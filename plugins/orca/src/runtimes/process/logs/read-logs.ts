import {mkdirSync} from 'node:fs'
import {readdir} from 'node:fs/promises'
import {join} from 'node:path'
import type {LogLine, LogOptions} from '@omni-cli/sdk'
import {throwIfAborted} from '@omni-cli/sdk'
import {fileSource} from '../../../logs/file-source.ts'
import {readSources} from '../../../logs/read-sources.ts'
import type {LogFile} from '../../../logs/source.ts'

/** Lines of all replicas in the folder, merged by time; with `follow` also of replicas that come later. */
export async function* readLogs(folder: string, service: string, options: LogOptions = {}): AsyncGenerator<LogLine> {
  if (options.follow) mkdirSync(folder, {recursive: true, mode: 0o700})
  const list = async () => (await logFiles(folder, service, options.replica)).map(fileSource)
  for await (const lines of readSources(list, options)) {
    for (const line of lines) {
      throwIfAborted(options.signal)
      yield line
    }
  }
}

/** Files of the replicas, or of the one that is wanted (also `build`), in their order. */
export async function logFiles(folder: string, service: string, replica?: string | undefined): Promise<LogFile[]> {
  const files = await readdir(folder).catch(() => [])
  const names = files.filter((file) => file.endsWith('.log')).map((file) => file.slice(0, -'.log'.length))
  const isWanted = (name: string) => {
    const suffix = name.slice(service.length + 1)
    if (!name.startsWith(`${service}-`)) return false
    if (replica === undefined) return /^\d+$/.test(suffix)
    return (name === replica || suffix === replica) && /^(\d+|build)$/.test(suffix)
  }
  return names
    .filter(isWanted)
    .sort((a, b) => a.localeCompare(b, 'en', {numeric: true}))
    .map((name) => ({replica: name, path: join(folder, `${name}.log`), format: 'omni'}))
}
