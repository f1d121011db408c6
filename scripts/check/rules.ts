import type {Import} from './imports.ts'

interface Rule {
  readonly why: string
  /** Files it is about. */
  readonly files: RegExp
  /** True when this file must not import that. */
  forbids(found: Import): boolean
}

const isAbout = (specifier: string, ...packages: string[]): boolean =>
  packages.some((name) => specifier === name || specifier.startsWith(`${name}/`))

/** Who may import whom; the map is in ARCHITECTURE.md. */
const RULES: readonly Rule[] = [
  {
    why: 'oclif and listr2 are known to sdk/cli alone',
    files: /^packages\/sdk\/src\/(?!cli\/)/,
    forbids: ({specifier}) => isAbout(specifier, '@oclif/core', 'listr2'),
  },
  {
    why: 'the contracts of the sdk know nothing of the planner and the command line',
    files: /^packages\/sdk\/src\/(?!cli\/|engine\/)/,
    forbids: ({target}) => target !== undefined && /^packages\/sdk\/src\/(cli|engine)\//.test(target),
  },
  {
    why: 'the planner does not know the command line',
    files: /^packages\/sdk\/src\/engine\//,
    forbids: ({target}) => target?.startsWith('packages/sdk/src/cli/') === true,
  },
  {
    why: 'a package is imported by its name and its entries, never by a path into it',
    files: /./,
    forbids: ({from, specifier, target}) =>
      /^@omni-cli\/(sdk|testkit)\/(?!(cli|engine)$)/.test(specifier) ||
      (target !== undefined && packageOf(target) !== packageOf(from)),
  },
  {
    why: 'no plugin imports another plugin, and the root knows plugins by their package.json alone',
    files: /^(src|plugins)\//,
    forbids: ({specifier}) => specifier.startsWith('@omni-cli/plugin-') || specifier === '@omni-cli/omni',
  },
  {
    why: 'a client knows the sdk, not the provider, the commands or the server of its plugin',
    files: /^plugins\/[^/]+\/src\/client\//,
    forbids: ({target}) =>
      target !== undefined && /^plugins\/[^/]+\/src\/(provider|commands|server|runtimes)\//.test(target),
  },
  {
    why: 'a provider knows the client of its plugin, not the commands or the server',
    files: /^plugins\/[^/]+\/src\/provider\//,
    forbids: ({target, isTypeOnly}) =>
      !isTypeOnly && target !== undefined && /^plugins\/[^/]+\/src\/(commands|server|runtimes|edge)\//.test(target),
  },
  {
    why: 'commands ask domain functions; they touch no files, processes or network themselves',
    files: /^src\/commands\//,
    forbids: ({specifier}) =>
      /^node:(fs|child_process|net|http|https)(\/|$)/.test(specifier) || isAbout(specifier, 'execa'),
  },
  {
    why: 'commands do not import commands',
    files: /^src\/(?!commands\/)/,
    forbids: ({target}) => target?.startsWith('src/commands/') === true,
  },
]

const packageOf = (file: string): string => /^(packages|plugins)\/[^/]+/.exec(file)?.[0] ?? 'root'

/** A line for each import that breaks a rule. */
export const brokenRules = (imports: readonly Import[]): string[] =>
  imports.flatMap((found) =>
    RULES.filter((rule) => rule.files.test(found.from) && rule.forbids(found)).map(
      ({why}) => `${found.from} imports '${found.specifier}': ${why}`,
    ),
  )

/** Static cycles, each as the files on its way; types make none, they are gone when the program runs. */
export function cycles(imports: readonly Import[]): string[] {
  const edges = new Map<string, string[]>()
  for (const {from, target, isTypeOnly} of imports) {
    if (target !== undefined && !isTypeOnly) edges.set(from, [...(edges.get(from) ?? []), target])
  }
  const done = new Set<string>()
  const found: string[] = []
  const visit = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file)
    if (at !== -1) found.push([...way.slice(at), file].join(' → '))
    if (at !== -1 || done.has(file)) return
    for (const next of edges.get(file) ?? []) visit(next, [...way, file])
    done.add(file)
  }
  for (const file of edges.keys()) visit(file, [])
  return found
}
