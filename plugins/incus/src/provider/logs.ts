import {text} from 'node:stream/consumers'
import {
  type CallOptions,
  isOmniError,
  type LogFacet,
  type LogLine,
  OmniError,
  type RetryOptions,
  retry,
  sleep,
} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusClient} from '../client/client.ts'
import {instanceWire} from '../client/wire.ts'
import {addedSince} from './logs-added.ts'
import {readInstance} from './requests.ts'

/** The console is asked again after so long; when nothing was written, less often. */
const EVERY_MS = {least: 500, most: 4_000}

/**
 * What a machine has written to its console. Lines have the time when they were read, as it keeps none. Of a running container
 * Incus gives each line to one reader only, and of a stopped one the last lines that nobody had read.
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
    const {isRunning, isVm} = await stateOf(client, name, options)
    const now = await retry(whileItStops(options), () => readConsole(client, name, options))
    const {added, all} = addedSince(seen, now, isVm ? seen !== '' : !isRunning)
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

/** A console that goes away is an error to Incus for a moment. */
const whileItStops = ({signal}: CallOptions): RetryOptions => ({
  attempts: 6,
  baseMs: 100,
  maxMs: 1_000,
  signal,
  when: (error) => isOmniError(error) && error.code === 'UNAVAILABLE',
})

const STOPPED = 102
const statusWire = z.pick(instanceWire, {status_code: true, type: true})

/** Its figures are not asked for: that fails for a moment while it stops. */
async function stateOf(client: IncusClient, name: string, options: CallOptions) {
  const found = await client.find(statusWire, readInstance(name), options)
  return {
    isRunning: found !== undefined && found.value.status_code !== STOPPED,
    isVm: found?.value.type === 'virtual-machine',
  }
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
