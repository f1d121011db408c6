import {instanceWire, type WireInstance} from '../../src/client/wire.ts'

/** A machine as Incus describes it, with what is not said as in a fresh one. */
export const wireInstance = (fields: Readonly<Record<string, unknown>> = {}): WireInstance =>
  instanceWire.parse({
    name: 'web',
    type: 'container',
    status: 'Running',
    status_code: 103,
    location: 'none',
    profiles: ['default'],
    created_at: '2026-11-21T12:00:00Z',
    ...fields,
  })
