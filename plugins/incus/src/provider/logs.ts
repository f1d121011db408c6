import {text} from 'node:stream/consumers'
import {type CallOptions, isOmniError, type LogFacet, type LogLine, OmniError, sleep} from '@omni-cli/sdk'
import {z} from 'zod'
import type {IncusClient} from '../client/client.ts'
import {addedSince} from './logs-added.ts'

/** The console is asked again after so long; when nothing was written, less often. */
const EVERY_MS = {least: 500, most: 4_000}

/**
 * What a machine has written to its console. Lines have the time when they were read, as it keeps none. Of a running container
 * Incus gives each line to one reader only, and all of them again when it is stopped.
 */
export function createLogs(client: IncusClient): LogFacet {
  return {
    async *read(name, {tail, since, follow = false, ...options} = {}) {
      if (since !== undefined) {
        throw new OmniError('UNSUPPORTED', `the console of '${name}' keeps no times`, {
          hint: `omni logs ${name} --tail 100`,
        })
      }
      const first = await readConsole(client, name, options)
      const lines = first.split('\n')
      // What stands after the last line end may go on.
      const rest = lines.pop() ?? ''
      if (!follow && rest !== '') lines.push(rest)
      yield* linesOf(name, tail === undefined ? lines : lines.slice(Math.max(0, lines.length - tail)))
      if (follow) yield* followConsole(client, {name, first, rest}, options)
    },
  }
}

interface Followed {
  readonly name: string
  readonly first: string
  /** Begin of a line that has no end yet. */
  readonly rest: string
}

/** Ends when the machine does not run any more. */
async function* followConsole(
  client: IncusClient,
  {name, first, rest: begun}: Followed,
  options: CallOptions,
): AsyncGenerator<LogLine> {
  let seen = first
  let rest = begun
  for (let waitMs = EVERY_MS.least; ; ) {
    const isRunning = await runs(client, name, options)
    const {added, all} = addedSince(seen, await readConsole(client, name, options))
    seen = all
    const lines = `${rest}${added}`.split('\n')
    rest = lines.pop() ?? ''
    yield* linesOf(name, lines)
    if (!isRunning) break
    waitMs = added === '' ? Math.min(EVERY_MS.most, waitMs * 2) : EVERY_MS.least
    await sleep(waitMs, options.signal)
  }
  if (rest !== '') yield* linesOf(name, [rest])
}

const statusWire = z.object({pid: z.int().default(0)})

async function runs(client: IncusClient, name: string, options: CallOptions): Promise<boolean> {
  const path = `/instances/${encodeURIComponent(name)}/state`
  return ((await client.find(statusWire, {method: 'GET', path}, options))?.value.pid ?? 0) > 0
}

async function readConsole(client: IncusClient, name: string, options: CallOptions): Promise<string> {
  const path = `/instances/${encodeURIComponent(name)}/console`
  try {
    return await text((await client.download({method: 'GET', path}, options)).body)
  } catch (error) {
    // Before its first start it has none.
    if (isOmniError(error) && /no such file/i.test(error.message)) return ''
    throw error
  }
}

function* linesOf(replica: string, lines: readonly string[]): Generator<LogLine> {
  const time = new Date().toISOString()
  for (const line of lines) yield {time, stream: 'stdout', replica, text: line.replace(/\r+$/, '')}
}
