import {text} from 'node:stream/consumers'
import {isOmniError, type LogFacet, type LogLine, OmniError, sleep} from '@omni-cli/sdk'
import type {IncusClient} from '../client/client.ts'
import {addedTo} from './logs-added.ts'

/** The console is read again after so long; when nothing was written, less often. */
const EVERY_MS = {least: 500, most: 4_000}

/** What a machine has written to its console. It keeps no times: a line has the time when it was read. */
export function createLogs(client: IncusClient): LogFacet {
  return {
    async *read(name, {tail, since, follow = false, ...options} = {}) {
      if (since !== undefined) {
        throw new OmniError('UNSUPPORTED', `the console of '${name}' keeps no times`, {
          hint: `omni logs ${name} --tail 100`,
        })
      }
      const read = async () => readConsole(client, name, options)
      let seen = await read()
      let rest = ''
      const first = seen.split('\n')
      // What stands after the last line end may go on.
      if (follow) rest = first.pop() ?? ''
      else if (first.at(-1) === '') first.pop()
      yield* linesOf(name, tail === undefined ? first : tail === 0 ? [] : first.slice(-tail))
      for (let waitMs = EVERY_MS.least; follow; ) {
        await sleep(waitMs, options.signal)
        const now = await read()
        const added = addedTo(seen, now)
        seen = now
        waitMs = added === '' ? Math.min(EVERY_MS.most, waitMs * 2) : EVERY_MS.least
        const lines = `${rest}${added}`.split('\n')
        rest = lines.pop() ?? ''
        yield* linesOf(name, lines)
      }
    },
  }
}

async function readConsole(client: IncusClient, name: string, options: {readonly signal?: AbortSignal | undefined}) {
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
  for (const line of lines) yield {time, stream: 'stdout', replica, text: line.replace(/\r$/, '')}
}
