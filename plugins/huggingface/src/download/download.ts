import {type Download, type DownloadOptions, formatBytes, formatDuration, OmniError} from '@omni-cli/sdk'
import type {Hub} from '../client/hub.ts'
import {refuseOffline} from '../client/hub-http.ts'
import {parseRef} from '../client/ref.ts'
import {refuseClashes} from './clashes.ts'
import {createEngine, type Engine, runEngine} from './engine.ts'
import {createRangeFetcher} from './fetch-range.ts'
import {openFolder} from './folder.ts'
import {startHasher} from './hasher.ts'
import {type PlanOptions, planFiles} from './plan.ts'
import type {Transfer} from './transfer.ts'

const DEFAULT_CONNECTIONS = 16

/**
 * Fetches the files of a model into a folder. What an earlier download has left is taken up; nothing counts as there before
 * it was hashed. LOCKED while another one is at work in the same folder.
 */
export async function downloadModel(
  hub: Hub,
  ref: string,
  path: string,
  options: DownloadOptions & PlanOptions = {},
): Promise<Download> {
  const {connections = DEFAULT_CONNECTIONS, onProgress} = options
  const signal = options.signal ?? new AbortController().signal
  refuseOffline(hub.target)
  const {repo: asked, revision} = parseRef(ref)
  const {id: repo, sha: commit} = await hub.model({repo: asked, revision}, signal)
  if (!commit) throw new OmniError('UNAVAILABLE', `the hub does not tell the commit of '${repo}'`)
  const load = async () => planFiles(await hub.files(repo, commit, signal), options)
  const files = await load()
  const bytes = files.reduce((sum, {size}) => sum + size, 0)
  const source = `hf://${repo}@${commit}`

  await using folder = await openFolder(path)
  await refuseClashes(path, files)
  await using hasher = startHasher()
  const token = (await hub.target.token())?.token
  const {retryMs = 200, silenceMs = 30_000} = options
  using fetcher = createRangeFetcher({endpoint: hub.target.endpoint, token, silenceMs})
  const transfer: Transfer = {
    ...{hub, repo, commit, fetcher, signal, hasToken: token !== undefined},
    ...{pausedUntil: 0, fetched: 0, latencyMs: 0, retryMs, silenceMs},
    onNote: (text) => onProgress?.(text),
  }
  await folder.note({source, complete: false, files})
  const reload = async (name: string) => {
    const found = (await load()).find((file) => file.path === name)
    if (found === undefined) throw new OmniError('NOT_FOUND', `'${name}' is no longer in '${repo}'`)
    return found
  }
  await folder.requireRoom(files)
  const engine = createEngine({transfer, folder, hasher, connections, reload, maxRun: options.maxRun}, files)
  using _progress = showProgress(engine, bytes, onProgress)
  await runEngine(engine)
  await folder.note({source, complete: true, files})
  const {repairedChunks} = engine
  return {folder: path, revision: commit, files: files.length, bytes, fetchedBytes: transfer.fetched, repairedChunks}
}

const NOTE_EVERY_MS = 500

/** `1.2Gi of 4Gi, 640Mi/s`, twice a second. */
function showProgress(engine: Engine, bytes: number, tell: DownloadOptions['onProgress']): Disposable {
  let before = 0
  const show = () => {
    const {fetched} = engine.transfer
    const present = engine.jobs.reduce((sum, job) => sum + job.present, 0)
    const speed = Math.round(((fetched - before) * 1000) / NOTE_EVERY_MS)
    before = fetched
    const pauseMs = engine.transfer.pausedUntil - Date.now()
    const paused = pauseMs < 1000 ? undefined : `the hub asks to wait ${formatDuration(pauseMs)}`
    const now = present >= bytes ? 'checking' : (paused ?? `${formatBytes(speed)}/s`)
    tell?.(`${formatBytes(present)} of ${formatBytes(bytes)}, ${now}`)
  }
  const timer = setInterval(show, NOTE_EVERY_MS)
  timer.unref()
  return {[Symbol.dispose]: () => clearInterval(timer)}
}
