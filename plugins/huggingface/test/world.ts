import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {createHttp, type Download, type DownloadOptions, silentLogger} from '@omni-cli/sdk'
import {createHub} from '../src/client/hub.ts'
import {hubTarget} from '../src/client/settings.ts'
import {downloadModel} from '../src/download/download.ts'
import type {PlanOptions} from '../src/download/plan.ts'
import {bytesOf, type Content, largeContent} from './hub/content.ts'
import {startFakeHub} from './hub/fake-hub.ts'
import type {FakeHub, Fault} from './hub/types.ts'

/** Small, so that several of them take no time. */
export const CHUNK = 512 * 1024

/** A hub with the model `ivory/one`, and an empty folder. Use it with `await using`. */
export interface World extends AsyncDisposable {
  readonly hub: FakeHub
  readonly dir: string
  /** `model.safetensors` of `ivory/one`: three chunks and a bit. */
  weights: Content
  /** Where it is downloaded to. */
  readonly model: string
  isWhole(): boolean
  download(options?: DownloadOptions & PlanOptions, ref?: string): Promise<Download>
  /** The first request for bytes of the weights goes wrong like that, the others do not. */
  failOnce(fault: Fault): void
  /** Stops after two chunks of the weights have come. */
  interrupt(): Promise<void>
  /** Chunks of the largest file that were written down as there. */
  notedChunks(): number
  /** The part of the weights on the disk. */
  part(): string
}

export async function createWorld(): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'omni-download-'))
  const hub = await startFakeHub()
  const model = join(dir, 'model.safetensors')
  const weights = largeContent(3 * CHUNK + 17)
  hub.add('ivory/one', {'config.json': '{}', 'model.safetensors': weights})
  const world: World = {
    ...{hub, dir, model, weights},
    isWhole: () => existsSync(model) && readFileSync(model).equals(bytesOf(world.weights)),
    download(options = {}, ref = 'ivory/one') {
      const http = createHttp({log: silentLogger, baseMs: 5})
      const target = hubTarget({env: {HF_ENDPOINT: hub.url, HF_TOKEN: hub.token}}, {})
      return downloadModel(createHub(http, target), ref, dir, {
        connections: 2,
        chunkBytes: CHUNK,
        maxRun: 1,
        retryMs: 2,
        ...options,
      })
    },
    failOnce(fault) {
      let isOver = false
      hub.fault = ({path}) => {
        if (isOver || path !== 'model.safetensors') return undefined
        isOver = true
        return fault
      }
    },
    async interrupt() {
      const stop = new AbortController()
      hub.fault = ({path, first}) => {
        if (path !== 'model.safetensors' || first < 2 * CHUNK) return undefined
        stop.abort()
        return {cutAfter: 100 * 1024}
      }
      const outcome = await world.download({connections: 1, signal: stop.signal}).catch((error: unknown) => error)
      if (!(outcome instanceof Error)) throw new Error('the download was not interrupted')
      hub.fault = () => undefined
    },
    notedChunks() {
      const work = join(dir, '.omni-download')
      const ledgers = existsSync(work) ? readdirSync(work).filter((name) => name.endsWith('.ledger')) : []
      const chunks = ledgers.map((name) => readFileSync(join(work, name), 'utf8').match(/^\d+ [0-9a-f]{8}$/gm)?.length)
      return Math.max(0, ...chunks.map((count) => count ?? 0))
    },
    part() {
      const work = join(dir, '.omni-download')
      const parts = readdirSync(work).filter((name) => name.endsWith('.part'))
      return join(work, parts.find((name) => statSync(join(work, name)).size === world.weights.size) ?? 'none')
    },
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]()
      rmSync(dir, {recursive: true, force: true})
    },
  }
  return world
}

export function flipOnDisk(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(path, bytes)
}
