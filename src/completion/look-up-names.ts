import type {Session} from '@omni-cli/sdk/cli'
import type {KnownName} from './names.ts'
import {rememberNames} from './remember-names.ts'

/** Kinds whose names complete, and who knows them. */
const LOOK_UPS: Readonly<Record<string, (session: Session, signal: AbortSignal) => Promise<KnownName[]>>> = {
  service: async (session, signal) => {
    const services = await (await session.open('service')).list({signal})
    return services.map(({name, status}) => [name, status])
  },
  instance: async (session, signal) => {
    const instances = await (await session.open('instance')).list({signal})
    return instances.map(({name, status}) => [name, status])
  },
}

/** Asks the driver for the names of a kind and keeps them for the completion; returns how many there are. */
export async function lookUpNames(kind: string, session: Session, signal: AbortSignal): Promise<number> {
  const lookUp = Object.hasOwn(LOOK_UPS, kind) ? LOOK_UPS[kind] : undefined
  const names = lookUp === undefined ? [] : await lookUp(session, signal)
  await rememberNames({home: session.home, context: session.context.name}, kind, names)
  return names.length
}
