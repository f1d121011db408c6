import type {FoundProblem} from './problem.ts'
import type {Source, SourceDocument} from './tree.ts'

/** The documents of a file of ours. Each parser is loaded only when a file needs it. */
export async function parseSource(source: Source, problems: FoundProblem[]): Promise<SourceDocument[]> {
  if (isToml(source)) return (await import('./toml.ts')).parseToml(source, problems)
  return (await import('./yaml.ts')).parseYaml(source, problems)
}

/** By the name; without a telling one (standard input) by the first line that is no comment. */
function isToml({file, text}: Source): boolean {
  if (/\.toml$/.test(file)) return true
  if (/\.(ya?ml|json)$/.test(file)) return false
  const line = /^(?!\s*(#|$)).*$/m.exec(text)?.[0] ?? ''
  return /^\s*(\[\[?\s*[\w."'-]+\s*\]\]?\s*(#.*)?$|[\w."'-]+\s*=)/.test(line)
}
