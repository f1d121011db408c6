import {guess, OmniError} from '@omni-cli/sdk'
import {acceleratorKind} from './accelerator.ts'
import {eventKind} from './event.ts'
import {imageKind} from './image.ts'
import {instanceKind} from './instance.ts'
import type {AnyKind} from './kind.ts'
import {modelKind} from './model.ts'
import {networkKind} from './network.ts'
import {nodeKind} from './node.ts'
import {profileKind} from './profile.ts'
import {releaseKind} from './release.ts'
import {runtimeKind} from './runtime.ts'
import {serviceKind} from './service.ts'

/** Every kind that `get`, `describe` and `delete` know, in the order they are looked up and listed. */
export const KINDS: readonly AnyKind[] = [
  serviceKind,
  instanceKind,
  modelKind,
  runtimeKind,
  acceleratorKind,
  nodeKind,
  releaseKind,
  eventKind,
  networkKind,
  profileKind,
  imageKind,
]

/** The kind of a singular, plural or short form. */
export const findKind = (word: string, kinds: readonly AnyKind[] = KINDS): AnyKind | undefined =>
  kinds.find(({kind, plural, short}) => [kind, plural, ...short].includes(word.toLowerCase()))

/** `kinds: services, instances, …` */
export const kindsText = (kinds: readonly AnyKind[] = KINDS): string =>
  `kinds: ${kinds.map(({plural}) => plural).join(', ')}`

/** The kind, or USAGE with the nearest. */
export function requireKind(word: string, kinds: readonly AnyKind[] = KINDS): AnyKind {
  const found = findKind(word, kinds)
  if (found !== undefined) return found
  const words = kinds.flatMap(({kind, plural, short}) => [kind, plural, ...short])
  throw new OmniError('USAGE', `there is no kind '${word}'${guess(word, words)}\n${kindsText(kinds)}`, {
    hint: 'omni get services',
  })
}
