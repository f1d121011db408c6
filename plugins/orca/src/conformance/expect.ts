import {inspect, isDeepStrictEqual} from 'node:util'
import type {Answer} from './api.ts'

/** A promise that the server does not keep. */
export class Broken extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Broken'
  }
}

const show = (value: unknown): string => {
  const text = inspect(value, {depth: 6, breakLength: 160, maxArrayLength: 20, maxStringLength: 300})
  return text.length > 600 ? `${text.slice(0, 600)}…` : text
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected)) throw new Broken(`${what}: expected ${show(expected)}, got ${show(actual)}`)
}

export function ok(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Broken(what)
}

/** @param expected one status, or several that are all right */
export function status(answer: Answer, expected: number | readonly number[], what: string): void {
  const allowed = typeof expected === 'number' ? [expected] : expected
  if (allowed.includes(answer.status)) return
  throw new Broken(`${what}: expected status ${allowed.join(' or ')}, got ${answer.status} ${show(answer.text)}`)
}

/** Any defined answer that is no crash of the server. */
export function defined(answer: Answer, what: string): void {
  ok(answer.status >= 200 && answer.status < 600, `${what}: no defined answer, got ${answer.status}`)
}

export function textIs(answer: Answer, expected: string, what: string): void {
  equal(answer.text, expected, what)
}

export function contains(text: string, part: string, what: string): void {
  ok(text.includes(part), `${what}: expected ${show(part)} in ${show(text)}`)
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The member of a JSON object, in the type that is expected. */
export function member<T extends 'string' | 'number' | 'object' | 'boolean'>(value: unknown, key: string, type: T) {
  ok(isRecord(value), `expected an object with '${key}', got ${show(value)}`)
  const found = value[key]
  ok(typeof found === type, `expected '${key}' to be a ${type}, got ${show(found)}`)
  return found as T extends 'string' ? string : T extends 'number' ? number : T extends 'boolean' ? boolean : object
}

export function list(value: unknown, key: string): readonly unknown[] {
  const found = member(value, key, 'object')
  ok(Array.isArray(found), `expected '${key}' to be a list, got ${show(found)}`)
  return found
}
