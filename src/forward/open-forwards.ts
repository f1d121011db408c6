import {type CallOptions, type ForwardFacet, type ForwardOptions, sleep} from '@omni-cli/sdk'
import type {WantedPort} from './port-words.ts'

/** One port that is reachable here. */
export interface OpenPort {
  /** `127.0.0.1:9000` */
  readonly address: string
  /** The replica behind it now. */
  readonly replica: string
  /** Absent: the port that answers requests. */
  readonly remote?: number | undefined
}

export interface OpenPorts extends AsyncDisposable {
  readonly service: string
  readonly forwards: readonly OpenPort[]
}

export interface ForwardRequest extends CallOptions, Pick<ForwardOptions, 'host' | 'replica' | 'onChange'> {
  readonly name: string
  readonly ports: readonly WantedPort[]
}

/** Opens all of them, or none. */
export async function openForwards(facet: ForwardFacet, request: ForwardRequest): Promise<OpenPorts> {
  const {name, ports, ...options} = request
  await using opened = new AsyncDisposableStack()
  const forwards: OpenPort[] = []
  for (const {local, remote} of ports) {
    const {address, replica} = opened.use(await facet.open(name, {local, remote}, options))
    forwards.push({address, replica, ...(remote === undefined ? {} : {remote})})
  }
  const kept = opened.move()
  return {service: name, forwards, [Symbol.asyncDispose]: () => kept.disposeAsync()}
}

/** For a person: where it listens. */
export const forwardText = ({address, replica, remote}: OpenPort): string =>
  `${address} leads to ${remote === undefined ? 'the port' : `port ${remote}`} of ${replica}`

/** Until the signal. */
export async function untilInterrupted(signal: AbortSignal): Promise<never> {
  for (;;) await sleep(2 ** 31 - 1, signal)
}
