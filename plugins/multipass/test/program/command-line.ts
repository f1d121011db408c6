/** A command line as Multipass reads it. */
export interface Parsed {
  readonly command: string
  readonly words: readonly string[]
  /** Values by long name; an option without a value has the value ''. */
  readonly options: ReadonlyMap<string, readonly string[]>
}

/** What ends a command: text for stderr and the exit status. */
export class Failure extends Error {
  readonly exit: number
  constructor(exit: number, text: string) {
    super(text)
    this.exit = exit
  }
}

/** `launch failed: TEXT`, as the daemon's refusals are printed; exit 2. */
export const refused = (command: string, text: string): Failure => new Failure(2, `${command} failed: ${text}`)

interface OptionSpec {
  readonly long: string
  readonly short?: string
  readonly takesValue?: boolean
}

const value = (long: string, short?: string): OptionSpec =>
  short === undefined ? {long, takesValue: true} : {long, short, takesValue: true}
const flag = (long: string, short?: string): OptionSpec => (short === undefined ? {long} : {long, short})

const FORMAT = value('format')

/** Every command with its options, by the version that has it first. */
export const COMMANDS: Readonly<Record<string, {readonly since?: string; readonly options: readonly OptionSpec[]}>> = {
  launch: {
    options: [
      value('name', 'n'),
      value('cpus', 'c'),
      value('memory', 'm'),
      value('disk', 'd'),
      value('cloud-init'),
      value('network'),
      flag('bridged'),
      value('mount'),
      value('timeout'),
      value('zone'),
    ],
  },
  list: {options: [FORMAT, flag('snapshots')]},
  info: {options: [FORMAT, flag('snapshots'), flag('no-runtime-information')]},
  find: {options: [FORMAT]},
  networks: {options: [FORMAT]},
  version: {options: [FORMAT]},
  start: {options: [flag('all'), value('timeout')]},
  stop: {options: [flag('all'), flag('force'), value('time', 't'), flag('cancel', 'c')]},
  restart: {options: [flag('all'), value('timeout')]},
  suspend: {options: [flag('all')]},
  delete: {options: [flag('all'), flag('purge', 'p')]},
  recover: {options: [flag('all')]},
  purge: {options: []},
  exec: {options: [value('working-directory', 'd'), flag('no-map-working-directory', 'n')]},
  transfer: {options: [flag('recursive', 'r'), flag('parents', 'p')]},
  mount: {options: [value('type', 't'), value('uid-map', 'u'), value('gid-map', 'g')]},
  umount: {options: []},
  set: {options: []},
  get: {options: [flag('raw'), flag('keys')]},
  snapshot: {since: '1.13', options: [value('name', 'n'), value('comment', 'c')]},
  restore: {since: '1.13', options: [flag('destructive', 'd')]},
  clone: {since: '1.15', options: [value('name', 'n')]},
  'wait-ready': {since: '1.17', options: [value('timeout')]},
}

/** Whether the version (`1.16.3`) is that one or a later one. */
export function isSince(version: string, since: string): boolean {
  const [have, need] = [version, since].map((text) => text.split(/[.-]/).map((part) => Number(part) || 0))
  for (const index of [0, 1]) {
    const difference = (have?.[index] ?? 0) - (need?.[index] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}

/** Exit 1 for what the program does not know. */
export function parse(argv: readonly string[], version: string): Parsed {
  const [command = 'help', ...rest] = argv
  const known = COMMANDS[command]
  if (known === undefined || (known.since !== undefined && !isSince(version, known.since))) {
    throw new Failure(1, `error: Unknown command or alias '${command}' (try "multipass help").`)
  }
  const specs = known.options.filter(({long}) => hasOption(command, long, version))
  const words: string[] = []
  const options = new Map<string, string[]>()
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] ?? ''
    if (word === '--') {
      words.push(...rest.slice(index + 1))
      break
    }
    if (!word.startsWith('-') || word === '-') {
      words.push(word)
      continue
    }
    if (/^-(v{1,4}|-verbose)$/.test(word)) continue
    const [name = '', inline] = splitOption(word)
    const spec = specs.find(({long, short}) => long === name || short === name)
    if (spec === undefined) throw new Failure(1, `Unknown option '${name}'.`)
    if (spec.takesValue === true) index += inline === undefined ? 1 : 0
    const given = spec.takesValue === true ? (inline ?? rest[index]) : ''
    if (given === undefined) throw new Failure(1, `Missing value after '${word}'.`)
    options.set(spec.long, [...(options.get(spec.long) ?? []), given])
  }
  return {command, words, options}
}

function splitOption(word: string): [string, string | undefined] {
  const body = word.replace(/^--?/, '')
  const at = body.indexOf('=')
  return at === -1 ? [body, undefined] : [body.slice(0, at), body.slice(at + 1)]
}

function hasOption(command: string, option: string, version: string): boolean {
  if (command === 'stop' && option === 'force') return isSince(version, '1.14')
  if (command === 'launch' && option === 'zone') return isSince(version, '1.17')
  return true
}
