import {OmniError} from '@omni-cli/sdk'
import {serviceTarget} from './target.ts'

/** `web 3`, `service web 3`, `service/web` with `--replicas 3` → name and number. USAGE when either is missing or doubled. */
export function parseScale(
  words: readonly (string | undefined)[],
  flag: number | undefined,
): {readonly name: string; readonly replicas: number} {
  const given = words.filter((word) => word !== undefined)
  const last = given.at(-1) ?? ''
  const isNumber = given.length > 1 && /^\d+$/.test(last)
  if (isNumber && flag !== undefined) throw new OmniError('USAGE', 'give the number once: SERVICE N, or --replicas N')
  const replicas = isNumber ? Number(last) : flag
  if (replicas === undefined) {
    throw new OmniError('USAGE', 'how many replicas?', {hint: `omni scale ${given.join(' ')} --replicas N`})
  }
  if (replicas > 1000) throw new OmniError('USAGE', `${replicas} replicas are too many; at most 1000 are allowed`)
  return {name: serviceTarget(isNumber ? given.slice(0, -1) : given), replicas}
}
