import {styleText} from 'node:util'
import type {Tone} from './view.ts'

/** Puts a tone on a text that is already safe to print. */
export type Paint = (text: string, tone: Tone) => string

const STYLES = {good: 'green', warn: 'yellow', bad: 'red', dim: 'dim'} as const

export const plainPaint: Paint = (text) => text

const colorPaint: Paint = (text, tone) =>
  tone === 'plain' || text === '' ? text : styleText(STYLES[tone], text, {validateStream: false})

/** Colours only on a terminal, and not with `--no-color`, NO_COLOR or TERM=dumb. */
export function paintFor(
  stream: {readonly isTTY?: boolean | undefined},
  env: Readonly<Record<string, string | undefined>>,
  noColor: boolean,
): Paint {
  const isWanted = stream.isTTY === true && !noColor && !env.NO_COLOR && env.TERM !== 'dumb'
  return isWanted ? colorPaint : plainPaint
}
