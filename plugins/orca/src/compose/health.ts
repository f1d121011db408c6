import {parseDuration} from '@omni-cli/sdk'
import {get, itemsOf, type Node, textAt, textOf} from './node.ts'
import type {Notes} from './notes.ts'

interface Probe {
  path?: string | undefined
  exec?: string[] | undefined
  interval_secs?: number | undefined
  timeout_secs?: number | undefined
  failure_threshold?: number | undefined
  initial_delay_secs?: number | undefined
}

export interface ServiceHealth {
  readonly health?: string | undefined
  readonly readiness?: Probe | undefined
  readonly liveness?: Probe | undefined
}

/** A check that asks the service itself over HTTP becomes a path, any other one a program that is run inside. */
export function healthOf(service: Node, port: number | undefined, notes: Notes): ServiceHealth {
  const check = get(service, 'healthcheck')
  if (check === undefined) return {}
  if (textAt(check, 'disable') === 'true') {
    notes.add(check.place, 'a check of the image is not used anyway; there is nothing to disable')
    return {}
  }
  const test = get(check, 'test')
  const argv = testOf(test)
  if (test === undefined || argv === undefined) return {}
  const timing = timingOf(check)
  const path = pathOf(argv, port)
  if (path === undefined) return {readiness: {exec: argv, ...timing}, liveness: {exec: argv, ...timing}}
  notes.add(test.place, `the check asks ${path} over HTTP, so omni does: health = "${path}"`)
  const isTimed = Object.values(timing).some((value) => value !== undefined)
  return isTimed ? {health: path, liveness: {path, ...timing}} : {health: path}
}

/** What is run; undefined when there is nothing. */
function testOf(test: Node | undefined): string[] | undefined {
  const text = textOf(test)
  if (text !== undefined) return ['/bin/sh', '-c', text]
  const [kind, ...words] = itemsOf(test).map((item) => textOf(item) ?? '')
  if (words.length === 0) return undefined
  if (kind === 'CMD-SHELL') return ['/bin/sh', '-c', words.join(' ')]
  return kind === 'CMD' ? words : undefined
}

const FAILS = /\s*\|\|\s*(exit 1|false)\s*;?\s*$/
/** Flags of curl and wget that change nothing about what is asked. */
const HARMLESS =
  /^(-[fsSLqk]+|-qO-|-O-?|-|--fail|--silent|--show-error|--location|--quiet|--spider|--no-verbose|-nv|--tries=\d+|-T\d+|-o|\/dev\/null|-O\/dev\/null)$/

/** The path of `curl -f http://localhost:80/health`, when it is plainly that and on the port of the service. */
function pathOf(argv: readonly string[], port: number | undefined): string | undefined {
  const isShell = argv[0] === '/bin/sh' && argv[1] === '-c'
  const text = isShell ? (argv[2] ?? '').replace(FAILS, '') : undefined
  // Whatever else a shell would do is more than a path.
  if (text !== undefined && /[;&|<>$`()*]/.test(text)) return undefined
  const [program = '', ...words] = text === undefined ? argv : text.trim().split(/\s+/)
  if (!/(^|\/)(curl|wget)$/.test(program)) return undefined
  const urls = words.filter((word) => !HARMLESS.test(word))
  const url = urls[0]?.replace(/^["']|["']$/g, '')
  if (urls.length !== 1 || url === undefined) return undefined
  const full = /^https?:/.test(url) ? url : `http://${url}`
  if (!URL.canParse(full)) return undefined
  const {protocol, hostname, port: asked, pathname, search} = new URL(full)
  const isOwn = ['localhost', '127.0.0.1', '[::1]', '0.0.0.0'].includes(hostname)
  return protocol === 'http:' && isOwn && Number(asked || 80) === port ? `${pathname}${search}` : undefined
}

function timingOf(check: Node): Omit<Probe, 'path' | 'exec'> {
  const seconds = (key: string) => {
    const ms = parseDuration((textAt(check, key) ?? '').replace(/us|ns/g, 'ms'))
    return ms === undefined ? undefined : Math.min(86_400, ms / 1000)
  }
  const retries = Number(textAt(check, 'retries'))
  return {
    interval_secs: seconds('interval'),
    timeout_secs: seconds('timeout'),
    failure_threshold: Number.isInteger(retries) && retries > 0 ? retries : undefined,
    initial_delay_secs: seconds('start_period'),
  }
}
