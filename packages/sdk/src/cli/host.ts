import type {Contribution} from './session.ts'

/**
 * What the program that runs the commands hands over to every loaded copy of this package. The fast start of `omni`
 * does not load oclif's plugins; it knows their contributions from its index.
 */
export interface Host {
  readonly contributions?: readonly Contribution[] | undefined
}

const HOST = Symbol.for('omni.host.v1')

export function readHost(): Host {
  const host: unknown = Reflect.get(globalThis, HOST)
  // The symbol names the version of this shape.
  return typeof host === 'object' && host !== null ? (host as Host) : {}
}

/** Called once by the program's start, before any command runs. */
export function provideHost(host: Host): void {
  Reflect.set(globalThis, HOST, host)
}
