import {type CallOptions, type CanaryVerdict, type HttpRequest, OmniError, type Service} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import {fromBody} from './failure.ts'
import {act} from './requests.ts'
import {errorWire, readJson, readWire, serviceWire} from './wire.ts'

/** How a client sends. */
interface Ways {
  readonly one: (request: HttpRequest, options: CallOptions | undefined) => Promise<Service>
  readonly lines: (request: HttpRequest, signal: AbortSignal | undefined) => AsyncIterable<string>
}

/** Calls about canaries. */
export const canaryCalls = ({one, lines}: Ways) => ({
  promote: (name: string, options?: CallOptions): Promise<Service> => one(act(name, 'promote'), options),
  abort: (name: string, options?: CallOptions): Promise<Service> => one(act(name, 'canary/abort'), options),
  decide: (name: string, options: CallOptions = {}): Promise<CanaryVerdict> =>
    readVerdict(lines(act(name, 'canary/decide'), options.signal), name, options),
})

/** Reads the lines of a decision to its end; what is still waited for is told to `onProgress`. */
async function readVerdict(
  lines: AsyncIterable<string>,
  name: string,
  {onProgress}: CallOptions,
): Promise<CanaryVerdict> {
  const schema = verdictLine()
  for await (const text of lines) {
    const line = readWire(schema, readJson(text, 'a canary'), 'a canary')
    if (line.type === 'error') throw fromBody(line.error)
    if (line.type === 'progress') onProgress?.(line.note)
    else return {verdict: line.verdict, reason: line.reason, service: line.service}
  }
  throw new OmniError('UNAVAILABLE', `the server ended before it told how the canary of '${name}' ended`, {
    hint: `omni canary status ${name}`,
  })
}

const verdictLine = () =>
  z.discriminatedUnion('type', [
    z.looseObject({type: z.literal('progress'), note: z.string()}),
    z.looseObject({
      type: z.literal('result'),
      verdict: z.enum(['promoted', 'aborted']),
      reason: z.string(),
      service: serviceWire(),
    }),
    z.looseObject({type: z.literal('error'), error: errorWire().shape.error}),
  ])
