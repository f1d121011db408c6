import {request} from 'node:http'
import {connect} from 'node:net'
import {messageOf} from '@omni-cli/sdk'
import type {Runtime, RuntimeInstance} from '../../runtimes/runtime.ts'
import type {Probe} from './probe-plan.ts'

/** Asks once. Resolves with undefined when it passed, else with the reason; never rejects, never outlasts its timeout. */
export type Attempt = (probe: Probe, signal: AbortSignal) => Promise<string | undefined>

/** Probes of one running instance. */
export function createAttempt(runtime: Pick<Runtime, 'exec'>, instance: RuntimeInstance): Attempt {
  return async (probe, signal) => {
    const {target, timeoutMs} = probe
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)))])
    try {
      if (target.kind === 'exec')
        return await askProgram(runtime, instance.id, {...target, timeoutMs, signal: deadline})
      const place = placeOf(instance, target.port)
      if (place === undefined) return 'it has no address'
      return target.kind === 'tcp' ? await askTcp(place, deadline) : await askHttp(place, target.path, deadline)
    } catch (error) {
      return messageOf(error)
    }
  }
}

interface Place {
  readonly host: string
  readonly port: number
}

function placeOf({address}: RuntimeInstance, port: number | undefined): Place | undefined {
  const colon = address?.lastIndexOf(':') ?? -1
  if (address === undefined || colon < 0) return port === undefined ? undefined : {host: '127.0.0.1', port}
  return {host: address.slice(0, colon), port: port ?? Number(address.slice(colon + 1))}
}

async function askProgram(
  runtime: Pick<Runtime, 'exec'>,
  id: string,
  {
    argv,
    timeoutMs,
    signal,
  }: {readonly argv: readonly string[]; readonly timeoutMs: number; readonly signal: AbortSignal},
): Promise<string | undefined> {
  const {exitCode} = await runtime.exec(id, argv, {timeoutMs, signal})
  return exitCode === 0 ? undefined : `'${argv[0] ?? ''}' exited with ${exitCode}`
}

function askTcp({host, port}: Place, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({host, port})
    const settle = (problem?: string) => {
      signal.removeEventListener('abort', expire)
      socket.destroy()
      resolve(problem)
    }
    const expire = () => settle(`port ${port} does not answer`)
    socket.once('connect', () => settle())
    socket.once('error', (error) => settle(refusal(error, port)))
    if (signal.aborted) expire()
    else signal.addEventListener('abort', expire, {once: true})
  })
}

function askHttp({host, port}: Place, path: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    // No agent: a kept connection would hide that nobody accepts new ones.
    const asked = request({host, port, path, agent: false, signal, headers: {'user-agent': 'omni-probe'}})
    asked.once('response', ({statusCode = 0}) => {
      // The head is the answer; the body may never end.
      asked.destroy()
      resolve(statusCode >= 200 && statusCode < 400 ? undefined : `GET ${path} answered ${statusCode}`)
    })
    asked.on('error', (error) => resolve(signal.aborted ? `GET ${path} got no answer in time` : refusal(error, port)))
    asked.end()
  })
}

const refusal = (error: Error, port: number): string =>
  'code' in error && error.code === 'ECONNREFUSED' ? `nothing listens on port ${port}` : messageOf(error)
