import {Agent, type IncomingMessage, request as sendRequest} from 'node:http'
import {parseArgs} from 'node:util'

/**
 * An honest open-loop prober: requests leave on a fixed schedule, whether the ones before were answered or not, and the
 * time of each counts from when it should have left. Run alone: `node examples/load.ts URL [--rate 200] [--seconds 5]`.
 */
export interface LoadOptions {
  readonly url: string
  readonly ratePerSecond: number
  /** Every n-th request opens a connection of its own; the others share kept ones. Default 10. */
  readonly freshEvery?: number | undefined
  /** Without an answer until then, a request has failed. Default 5 000. */
  readonly timeoutMs?: number | undefined
}

export interface LoadResult {
  readonly sent: number
  /** No answer, a broken one, or a status of 400 and above. */
  readonly failed: number
  /** What failed, by status or error code. */
  readonly failures: Readonly<Record<string, number>>
  /** Milliseconds from the intended time to the end of the answer; of all answers. */
  readonly latencyMs: {readonly p50: number; readonly p99: number; readonly max: number}
  /** Texts of answers and how often each came; the first 20 different ones. */
  readonly bodies: Readonly<Record<string, number>>
}

export interface Load {
  readonly sent: number
  readonly failed: number
  /** Ends the schedule, waits for what is under way, and tells. */
  stop(): Promise<LoadResult>
}

const TICK_MS = 2

export function startLoad(options: LoadOptions): Load {
  const {url, ratePerSecond, freshEvery = 10, timeoutMs = 5_000} = options
  const kept = new Agent({keepAlive: true, maxSockets: Number.POSITIVE_INFINITY})
  const startedAt = performance.now()
  const tally = new Tally()
  const underWay = new Set<Promise<void>>()
  let sent = 0

  const sendDue = () => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * ratePerSecond)
    for (; sent < due; sent++) {
      const intendedAt = startedAt + (sent * 1000) / ratePerSecond
      const agent = sent % freshEvery === freshEvery - 1 ? false : kept
      const done: Promise<void> = send(url, agent, timeoutMs)
        .then(
          (answer) => tally.answered(answer, performance.now() - intendedAt),
          (error) => tally.broke(error),
        )
        .finally(() => underWay.delete(done))
      underWay.add(done)
    }
  }
  const timer = setInterval(sendDue, TICK_MS)
  return {
    get sent() {
      return sent
    },
    get failed() {
      return tally.failed
    },
    async stop() {
      clearInterval(timer)
      await Promise.all(underWay)
      kept.destroy()
      return tally.result(sent)
    },
  }
}

interface Answer {
  readonly status: number
  readonly text: string
}

function send(url: string, agent: Agent | false, timeoutMs: number): Promise<Answer> {
  const {promise, resolve, reject} = Promise.withResolvers<Answer>()
  const request = sendRequest(url, {agent}, (response) => {
    readText(response).then((text) => resolve({status: response.statusCode ?? 0, text}), reject)
  })
  const deadline = setTimeout(() => request.destroy(new Error('TIMEOUT')), timeoutMs)
  request.on('error', reject)
  request.end()
  return promise.finally(() => clearTimeout(deadline))
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

class Tally {
  readonly #failures = new Map<string, number>()
  readonly #bodies = new Map<string, number>()
  readonly #latencies: number[] = []

  get failed(): number {
    return [...this.#failures.values()].reduce((sum, count) => sum + count, 0)
  }

  answered({status, text}: Answer, ms: number): void {
    this.#latencies.push(ms)
    if (status >= 400) add(this.#failures, String(status))
    else if (this.#bodies.has(text) || this.#bodies.size < 20) add(this.#bodies, text)
  }

  broke(error: unknown): void {
    add(this.#failures, error instanceof Error ? (codeOf(error) ?? error.message) : String(error))
  }

  result(sent: number): LoadResult {
    const sorted = this.#latencies.toSorted((a, b) => a - b)
    const at = (share: number) => Math.round((sorted[Math.ceil(sorted.length * share) - 1] ?? 0) * 10) / 10
    return {
      sent,
      failed: this.failed,
      failures: Object.fromEntries(this.#failures),
      latencyMs: {p50: at(0.5), p99: at(0.99), max: at(1)},
      bodies: Object.fromEntries(this.#bodies),
    }
  }
}

const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)

const codeOf = (error: Error): string | undefined =>
  'code' in error && typeof error.code === 'string' ? error.code : undefined

if (import.meta.main) {
  const {values, positionals} = parseArgs({
    allowPositionals: true,
    options: {rate: {type: 'string', default: '200'}, seconds: {type: 'string', default: '5'}},
  })
  const [url] = positionals
  if (url === undefined) throw new Error('usage: node examples/load.ts URL [--rate 200] [--seconds 5]')
  const load = startLoad({url, ratePerSecond: Number(values.rate)})
  await new Promise((resolve) => setTimeout(resolve, Number(values.seconds) * 1000))
  const result = await load.stop()
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`)
  process.exitCode = result.failed === 0 ? 0 : 1
}
