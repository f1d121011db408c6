import {
  boolCoreTag,
  EVENT_ID,
  type Event,
  floatCoreTag,
  intCoreTag,
  NOT_RESOLVED,
  nullCoreTag,
  SCALAR_STYLE,
  type ScalarEvent,
} from 'js-yaml'
import type {ScalarTree} from './tree.ts'

export type ValueEvent = Extract<Event, {readonly tagStart: number}>

/** Where a value starts, with its opening quote. An empty value has no place. */
export function offsetOf(event: ValueEvent): number {
  if (event.type !== EVENT_ID.SCALAR) return event.start
  const isQuoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED
  return Math.max(0, isQuoted ? event.valueStart - 1 : event.valueStart)
}

export const nothing = (offset: number): ScalarTree => ({kind: 'scalar', offset, value: null})

/** No other text can stand for a number, a boolean or null. */
const MAYBE_NO_TEXT = /^(?:$|[-+.\d~nNtTfF])/

/** YAML 1.2's core schema: plain scalars may be null, booleans and numbers; everything else is text. */
export function readScalar(
  text: string,
  {style, indent}: ScalarEvent,
  offset: number,
  tag: string | undefined,
): ScalarTree {
  const isText = tag === undefined ? style !== SCALAR_STYLE.PLAIN : tag === '!' || tag === '!!str'
  if (isText && style === SCALAR_STYLE.LITERAL_BLOCK) return {kind: 'scalar', offset, value: text, indent}
  if (isText || !MAYBE_NO_TEXT.test(text)) return {kind: 'scalar', offset, value: text}
  for (const {resolve, tagName} of [nullCoreTag, boolCoreTag, intCoreTag, floatCoreTag]) {
    const value = resolve(text, false, tagName)
    if (value === null) return nothing(offset)
    if (value !== NOT_RESOLVED) return {kind: 'scalar', offset, value, raw: text}
  }
  return {kind: 'scalar', offset, value: text}
}
