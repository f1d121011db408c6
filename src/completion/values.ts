import type {Aliases} from '../aliases/expand.ts'
import type {PluginIndex} from '../plugins/plugin-index.ts'
import type {CommandIndex, IndexedKind} from '../start/index-file.ts'
import type {Surroundings} from '../start/surroundings.ts'
import type {Subject} from './complete.ts'
import {KEPT_KINDS, type KnownName, knownNames} from './names.ts'

/** All that the completion knows without asking an engine. */
export interface Known extends Surroundings {
  readonly own: CommandIndex
  readonly plugins: PluginIndex
  readonly aliases: Aliases
  readonly context: string
  readonly contexts: readonly string[]
  /** Kinds whose names should be looked up again. */
  readonly stale: Set<string>
}

type Values = readonly KnownName[] | 'files'

const files = (): Values => 'files'

/** What an argument or flag of this name takes. */
const SUBJECTS: Readonly<Record<string, (known: Known, subject: Subject) => Values>> = {
  file: files,
  dir: files,
  folder: files,
  path: files,
  kustomize: files,
  answers: files,
  context: ({contexts}) => plain(contexts),
  provider: providers,
  id: providers,
  alias: ({aliases}) => plain(Object.keys(aliases)),
  plugin: ({own, plugins}) => plain([...own.plugins.map(({name}) => name), ...pluginNames(plugins)]),
  kind: ({own}) => own.kinds.map(({plural}) => [plural, '']),
  service: (known) => names('service', known),
  // `omni cp`: a file here, or a path in an instance.
  source: files,
  destination: files,
  target: (known, {before}) => (kindOf(before[0], known) === undefined ? targets(known) : ofKind(known, before)),
  name: (known, {before, command}) => (command[0] === 'context' ? plain(known.contexts) : ofKind(known, before)),
  second: (known, {before}) => ofKind(known, before),
}

/** Values that are known for it; none when nothing is. */
export function valuesOf(subject: Subject, known: Known): Values {
  return Object.hasOwn(SUBJECTS, subject.name) ? (SUBJECTS[subject.name]?.(known, subject) ?? []) : []
}

const plain = (values: readonly string[]): KnownName[] => values.map((value) => [value, ''])

/** A service, an instance, or a kind whose name comes next. */
const targets = (known: Known): KnownName[] => [
  ...KEPT_KINDS.flatMap((kind) => names(kind, known)),
  ...known.own.kinds.map(({kind}): KnownName => [kind, 'kind']),
]

function ofKind(known: Known, before: readonly string[]): readonly KnownName[] {
  const kind = kindOf(before[0], known)
  return kind === undefined ? [] : names(kind.kind, known)
}

const kindOf = (word: string | undefined, {own}: Known): IndexedKind | undefined =>
  own.kinds.find(({kind, plural, short}) => word !== undefined && [kind, plural, ...short].includes(word))

function names(kind: string, known: Known): readonly KnownName[] {
  if (!KEPT_KINDS.includes(kind)) return []
  const found = knownNames(known, kind)
  if (!found.isFresh) known.stale.add(kind)
  return found.names
}

function providers({own, plugins}: Known): KnownName[] {
  return [...own.contributions, ...plugins.contributions].map(({id, title}) => [id, title])
}

const pluginNames = ({commands, contributions}: PluginIndex): string[] => [
  ...new Set([...Object.values(commands), ...contributions].map(({plugin}) => plugin)),
]
