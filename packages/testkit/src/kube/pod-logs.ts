import type {ServerResponse} from 'node:http'
import type {KubeObject} from './objects.ts'
import {KubeError} from './status.ts'

/** Lines that containers have said, by `namespace/pod/container`. */
export class PodLogs {
  readonly #lines = new Map<string, {readonly at: string; readonly text: string}[]>()
  readonly #followers = new Map<string, Set<(line: string, at: string) => void>>()

  say(pod: string, text: string): void {
    const at = new Date().toISOString()
    const lines = this.#lines.get(pod) ?? []
    this.#lines.set(pod, [...lines, {at, text}])
    for (const follower of this.#followers.get(pod) ?? []) follower(text, at)
  }

  /** Answers a request for logs. */
  send(pod: KubeObject, query: URLSearchParams, response: ServerResponse): void {
    const {name, namespace} = pod.metadata
    const id = `${namespace}/${name}/${containerOf(pod, query.get('container'))}`
    const hasTimes = query.get('timestamps') === 'true'
    const write = (text: string, at: string) => response.write(`${hasTimes ? `${at} ` : ''}${text}\n`)
    const since = Date.parse(query.get('sinceTime') ?? '') || sinceSeconds(query.get('sinceSeconds'))
    const lines = (this.#lines.get(id) ?? []).filter(({at}) => Date.parse(at) >= since)
    const tail = query.get('tailLines')
    response.writeHead(200, {'content-type': 'text/plain'})
    response.flushHeaders()
    for (const {text, at} of tail === null ? lines : Number(tail) === 0 ? [] : lines.slice(-Number(tail)))
      write(text, at)
    if (query.get('follow') !== 'true') {
      response.end()
      return
    }
    const followers = this.#followers.get(id) ?? new Set()
    this.#followers.set(id, followers.add(write))
    response.on('close', () => followers.delete(write))
  }
}

const sinceSeconds = (seconds: string | null): number => (seconds === null ? 0 : Date.now() - Number(seconds) * 1000)

function containerOf({metadata, spec, status}: KubeObject, wanted: string | null): string {
  const names: string[] = [...spec.containers, ...(spec.initContainers ?? [])].map(({name}) => name)
  const main: string[] = spec.containers.map(({name}: {name: string}) => name)
  const pod = metadata.name
  if (wanted === null && main.length > 1) {
    throw new KubeError(
      400,
      'BadRequest',
      `a container name must be specified for pod ${pod}, choose one of: [${main.join(' ')}]`,
    )
  }
  const name = wanted ?? main[0] ?? ''
  if (!names.includes(name)) throw new KubeError(400, 'BadRequest', `container ${name} is not valid for pod ${pod}`)
  const found = status?.containerStatuses?.find((one: {name: string}) => one.name === name)
  const waiting = found?.state?.waiting
  // What has run before has lines, also while it waits to run again.
  if (waiting !== undefined && found.lastState?.terminated === undefined) {
    throw new KubeError(400, 'BadRequest', `container "${name}" in pod "${pod}" is waiting to start: ${waiting.reason}`)
  }
  return name
}
