import type {IncomingMessage} from 'node:http'
import {OmniError} from '@omni-cli/sdk'
import {z} from 'zod'

const message = z.object({
  id: z.string().optional(),
  status: z.string().optional(),
  stream: z.string().optional(),
  progressDetail: z.object({current: z.number().optional(), total: z.number().optional()}).nullish(),
  error: z.string().optional(),
  errorDetail: z.object({message: z.string().optional(), code: z.number().optional()}).nullish(),
  aux: z.record(z.string(), z.unknown()).nullish(),
})

/** One line of the answer to a pull, a push or a build. */
export type EngineMessage = z.output<typeof message>

/** A failure that the Engine told after it had answered 200. */
export class StreamedFailure extends Error {}

/**
 * The messages of a long answer, in order. Throws StreamedFailure for one that tells a failure, UNAVAILABLE when the
 * answer breaks off. Leaving early closes the connection, which makes the Engine stop.
 */
export async function* readMessages(answer: IncomingMessage): AsyncGenerator<EngineMessage> {
  try {
    let rest = ''
    answer.setEncoding('utf8')
    for await (const chunk of answer as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) yield* read(line)
    }
    yield* read(rest)
  } finally {
    answer.destroy()
  }
}

function* read(line: string): Generator<EngineMessage> {
  if (line.trim() === '') return
  let parsed: ReturnType<typeof message.safeParse> | undefined
  try {
    parsed = message.safeParse(JSON.parse(line))
  } catch (error) {
    throw new OmniError('UNAVAILABLE', 'the Docker Engine broke off its answer', {cause: error})
  }
  if (!parsed.success) return
  const {error, errorDetail} = parsed.data
  if (error !== undefined) throw new StreamedFailure(errorDetail?.message ?? error)
  yield parsed.data
}
