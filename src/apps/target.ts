import {nameProblem, OmniError} from '@omni-cli/sdk'
import {serviceKind} from '../resources/service.ts'
import {parseTargets} from '../resources/target.ts'

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
  return parseTargets(words, [serviceKind]).map(({name}) => {
    const problem = nameProblem(name)
    if (problem === undefined) return name
    throw new OmniError('USAGE', `'${name}' names no service: ${problem}`, {hint: 'omni get services'})
  })
}
