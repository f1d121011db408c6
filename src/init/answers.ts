import {didYouMean, OmniError} from '@omni-cli/sdk'

/** What the wizard wants to know; every question has a flag of this name. */
export interface InitAnswers {
  /** Name of the context. */
  readonly name: string
  /** Driver of services: an id, or `cluster` for the Kubernetes cluster named below. */
  readonly services?: string | undefined
  /** Driver of machines: an id, `auto` or `none`. */
  readonly instances?: string | undefined
  /** A context of the kubeconfig. */
  readonly cluster?: string | undefined
  readonly namespace?: string | undefined
  /** Address of an Orca-compatible server elsewhere. */
  readonly url?: string | undefined
  /** Environment variable that holds the token for it. */
  readonly 'token-env'?: string | undefined
  /** `[user@]host[:port]`. */
  readonly 'ssh-host'?: readonly string[] | undefined
  /** Private key for the hosts. */
  readonly 'ssh-key'?: string | undefined
  /** Host to go through to the others. */
  readonly bastion?: string | undefined
}

export type PartialAnswers = Partial<InitAnswers>

const TEXT_KEYS = [
  'name',
  'services',
  'instances',
  'cluster',
  'namespace',
  'url',
  'token-env',
  'ssh-key',
  'bastion',
] as const
/** Every answer that can be given, as flags and in a file. */
export const ANSWER_KEYS: readonly string[] = [...TEXT_KEYS, 'ssh-host']

/** An answers file (YAML or JSON, already parsed) → answers. USAGE for what no question asks. */
export function readAnswers(value: unknown, file: string): PartialAnswers {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new OmniError('USAGE', `'${file}' must hold the answers as 'name: value' lines`)
  }
  const problems: string[] = []
  for (const [key, answer] of Object.entries(value)) {
    if (!ANSWER_KEYS.includes(key)) {
      problems.push(`'${key}' is no question; ${didYouMean(key, ANSWER_KEYS) ?? `there are ${ANSWER_KEYS.join(', ')}`}`)
    } else if (key === 'ssh-host' ? !isTexts(answer) : typeof answer !== 'string') {
      problems.push(`'${key}' must be ${key === 'ssh-host' ? 'a list of texts' : 'a text'}`)
    }
  }
  if (problems.length > 0) throw new OmniError('USAGE', `${file}: ${problems.join('\n')}`)
  return value
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string')

/** Why the text is no environment variable's name. */
export const variableProblem = (text: string): string | undefined =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) ? undefined : 'is no name of an environment variable'

/** Why the text is no address of a server. */
export function urlProblem(text: string): string | undefined {
  if (text.startsWith('unix:/')) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) return 'is no http:// or https:// address'
  return url.password === '' ? undefined : 'holds a password; use --token-env'
}

/** Why the text is no `[user@]host[:port]`. It must not look like an option of ssh. */
export const hostProblem = (text: string): string | undefined =>
  /^([A-Za-z_][\w.-]*@)?([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/.test(text)
    ? undefined
    : 'is no [user@]host[:port]'

/** Why the text cannot name a context. */
export const contextNameProblem = (text: string): string | undefined =>
  /^[A-Za-z0-9][A-Za-z0-9._@:/-]*$/.test(text) ? undefined : 'must start with a letter or digit and hold no blanks'

/** USAGE with everything that is wrong, at once. */
export function checkAnswers(answers: PartialAnswers): void {
  const problems = [
    problemOf('name', answers.name, contextNameProblem),
    problemOf('url', answers.url, urlProblem),
    problemOf('token-env', answers['token-env'], variableProblem),
    problemOf('bastion', answers.bastion, hostProblem),
    ...(answers['ssh-host'] ?? []).map((host) => problemOf('ssh-host', host, hostProblem)),
    answers.cluster !== undefined && answers.url !== undefined && answers.services === undefined
      ? '--cluster and --url both serve services: say which with --services'
      : undefined,
  ].filter((problem) => problem !== undefined)
  if (problems.length > 0) throw new OmniError('USAGE', problems.join('\n'), {hint: 'omni init --help'})
}

const problemOf = (
  flag: string,
  text: string | undefined,
  check: (text: string) => string | undefined,
): string | undefined => {
  const problem = text === undefined ? undefined : check(text)
  return problem === undefined ? undefined : `--${flag} '${text}' ${problem}`
}
