import {nearest} from '../nearest.ts'

/** `did you mean 'replicas'?`, or undefined when nothing is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const candidate = nearest(word, candidates)
  return candidate === undefined ? undefined : `did you mean '${candidate}'?`
}
