import type {Session} from '@omni-cli/sdk/cli'
import {rememberThings} from './remember-names.ts'

interface Thing {
  readonly name: string
  readonly status: string
}

/** Kinds whose names complete, and who knows them. */
const LOOK_UPS: Readonly<Record<string, (session: Session, signal: AbortSignal) => Promise<readonly Thing[]>>> = {
  service: async (session, signal) => (await session.open('service')).list({signal}),
  instance: async (session, signal) => (await session.open('instance')).list({signal}),
}

/** Asks the driver for the names of a kind and keeps them for the completion; returns how many there are. */
export async function lookUpNames(kind: string, session: Session, signal: AbortSignal): Promise<number> {
  const lookUp = Object.hasOwn(LOOK_UPS, kind) ? LOOK_UPS[kind] : undefined
  const things = lookUp === undefined ? [] : await lookUp(session, signal)
  rememberThings(session, kind, things)
  return things.length
}
