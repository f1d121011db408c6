import {OmniError} from '@omni-cli/sdk'

const KINDS = ['service', 'services', 'svc', 'app', 'apps']

/** Name of the service that `web`, `service web` or `service/web` mean. USAGE for another kind or shape. */
export function serviceTarget(words: readonly (string | undefined)[]): string {
  const [name, ...others] = serviceTargets(words.filter((word) => word !== undefined))
  if (name === undefined || others.length > 0) {
    throw new OmniError('USAGE', 'name one service: NAME, service NAME or service/NAME', {hint: 'omni get services'})
  }
  return name
}

/** The same for several: `web db`, `service web db`, `service/web service/db`. */
export function serviceTargets(words: readonly string[]): string[] {
  const [first = '', ...rest] = words
  const names = KINDS.includes(first) && rest.length > 0 ? rest : words
  return names.map((word) => {
    const [kind = '', name] = word.split('/', 2)
    if (name === undefined) return word
    if (KINDS.includes(kind) && name !== '') return name
    throw new OmniError('USAGE', `'${word}' is no service; write NAME or service/NAME`)
  })
}
