import {Readable} from 'node:stream'
import {setTimeout} from 'node:timers/promises'
import {Failure, type Parsed, refused} from '../command-line.ts'
import type {Behaviour, Fault, Machine, Store} from '../store.ts'

/** Standard streams of a call. */
export interface Streams {
  /** `inherit`: those of this process itself. Undefined: there is nothing to read. */
  readonly stdin: 'inherit' | NodeJS.ReadableStream | undefined
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  /** The client is ended: what it waits for goes on without it. */
  readonly signal?: AbortSignal | undefined
}

/** What every command gets. */
export interface Call extends Parsed, Streams {
  readonly store: Store
  readonly behaviour: Behaviour
  /** The first fault of that kind that is meant for this call. */
  fault(kind: Fault['kind'], instance?: string): boolean
}

export type Command = (call: Call) => number | undefined | Promise<number | undefined>

export const print = ({stdout}: Call, text: string): void => void stdout.write(text)
export const printJson = (call: Call, content: unknown): void =>
  print(call, `${JSON.stringify(content, undefined, 4)}\n`)

/** The escape codes of the spinner go to stdout, with a terminal or without. */
export const spin = (call: Call, message: string): void => print(call, `\u001b[2K\u001b[0A\u001b[0E${message}  `)
export const stopSpinning = (call: Call): void => print(call, '\b \u001b[2K\u001b[0A\u001b[0E')

export const option = ({options}: Parsed, name: string): string | undefined => options.get(name)?.at(-1)

/** Exit 1 when there is no name; exit 2 for those that do not exist. */
export function machinesNamed(call: Call, words: readonly string[] = call.words): Machine[] {
  const all = call.options.has('all')
  if (words.length === 0 && !all) throw new Failure(1, 'Name argument or --all is required')
  if (all) return call.store.machines().filter(({state}) => state !== 'Deleted')
  const missing = words.filter((name) => call.store.find(name) === undefined)
  if (missing.length > 0) throw refused(call.command, problemList(missing.map((name) => absent(call.command, name))))
  return words.flatMap((name) => call.store.find(name) ?? [])
}

const absent = (command: string, name: string): string =>
  command === 'start' ? `Instance '${name}' does not exist.` : `instance "${name}" does not exist`

export const problemList = (problems: readonly string[]): string =>
  problems.length === 1 ? (problems[0] ?? '') : `The following errors occurred:\n${problems.join('\n')}`

/** Exit 2 for one in the trash. */
export function alive(command: string, machine: Machine): Machine {
  if (machine.state !== 'Deleted') return machine
  throw refused(
    command,
    command === 'start' ? `Instance '${machine.name}' is deleted.` : `instance "${machine.name}" is deleted`,
  )
}

export const inputOf = ({stdin}: Call): NodeJS.ReadableStream =>
  stdin === 'inherit' ? process.stdin : (stdin ?? Readable.from([]))

/** The client waits; ends early, with the status of a killed program, when it is ended. */
export async function waitUntil(call: Call, at: number): Promise<void> {
  const ms = at - Date.now()
  if (ms <= 0) return
  await setTimeout(ms, undefined, {signal: call.signal}).catch(() => {
    throw new Failure(143, '')
  })
}

export const hang = (call: Call): Promise<void> => waitUntil(call, Date.now() + 600_000)
