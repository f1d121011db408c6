import * as z from 'zod/mini'

/** What a client may ask of the edge process, one JSON line each. */
export const edgeRequest = z.discriminatedUnion('method', [
  z.object({id: z.number(), method: z.literal('apply'), table: z.unknown()}),
  z.object({id: z.number(), method: z.literal('drained'), address: z.string(), timeoutMs: z.number()}),
  z.object({id: z.number(), method: z.literal('stats')}),
  z.object({id: z.number(), method: z.literal('health')}),
  z.object({id: z.number(), method: z.literal('shutdown'), drainMs: z.number()}),
])

export type EdgeRequest = z.infer<typeof edgeRequest>

/** The same without the id, which the channel gives. */
export type EdgeCall = EdgeRequest extends infer Request
  ? Request extends unknown
    ? Omit<Request, 'id'>
    : never
  : never

/** What the edge process says: the answer to a request, or an event. */
export const edgeMessage = z.union([
  z.object({id: z.number(), result: z.unknown()}),
  z.object({id: z.number(), error: z.string()}),
  z.object({event: z.literal('target-failure'), address: z.string()}),
  /** Somebody wants the process gone: nobody shall start it again. */
  z.object({event: z.literal('shutdown')}),
])

export type EdgeEvent = Extract<z.infer<typeof edgeMessage>, {event: string}>
