import type {KubeClient, PodExecOptions, PodLogOptions, PodName} from '../kube-client.ts'
import {type Line, streamPatiently} from '../send.ts'
import {podPath} from './pod-path.ts'

export type Streams = Pick<KubeClient, 'logs' | 'exec' | 'attach' | 'forward'>

/** Streams into pods. What is heavy is loaded when one is opened. */
export function createStreams(line: Line): Streams {
  return {
    logs: (pod, options = {}) => openLogs(line, pod, options),
    async exec(pod, argv, options = {}) {
      const {runIn} = await import('./run.ts')
      const path = `${podPath(pod, 'exec')}?${programQuery(options, argv)}`
      const {exitCode, note} = await runIn(line, {path, where: whereOf(pod)}, options)
      if (note !== undefined) options.onProgress?.(note)
      return {exitCode}
    },
    async attach(pod, options = {}) {
      const {runIn} = await import('./run.ts')
      const path = `${podPath(pod, 'attach')}?${programQuery(options, [])}`
      await runIn(line, {path, where: whereOf(pod)}, options)
    },
    async forward(pod, ports, options = {}) {
      const {openForward} = await import('./forward.ts')
      return openForward(line, pod, {...options, ports})
    },
  }
}

const whereOf = ({name}: PodName): string => `the pod '${name}'`

function programQuery({container, stdin, terminal}: PodExecOptions, argv: readonly string[]): string {
  const words = new URLSearchParams(argv.map((word): [string, string] => ['command', word]))
  if (container !== undefined) words.set('container', container)
  // Runtimes lose the last output of a terminal that has no input.
  words.set('stdin', String(stdin !== undefined || terminal !== undefined))
  words.set('stdout', 'true')
  words.set('stderr', String(terminal === undefined))
  words.set('tty', String(terminal !== undefined))
  return words.toString()
}

async function openLogs(
  line: Line,
  pod: PodName,
  {container, follow, tail, since, previous, timestamps, signal}: PodLogOptions,
): Promise<NodeJS.ReadableStream> {
  const query = {container, follow, tailLines: tail, sinceTime: since, previous, timestamps}
  const {status, body} = await streamPatiently(line, {method: 'GET', path: podPath(pod, 'log'), query}, {signal})
  if (status === 200) return body
  const {readRefusal, refusalError} = await import('./refusal.ts')
  throw refusalError(await readRefusal(body), podPath(pod, 'log'))
}
