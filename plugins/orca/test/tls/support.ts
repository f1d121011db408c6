import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {silentLogger} from '@omni-cli/sdk'
import {createTlsBook, type TlsBookOptions} from '../../src/server/tls/create-tls-book.ts'
import type {TlsBook, TlsEvent} from '../../src/server/tls/tls-book.ts'
import type {Scope} from '../edge/support/scope.ts'

export const DAY_MS = 86_400_000

export function tempFolder(scope: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'))
  scope.add(() => rmSync(folder, {recursive: true, force: true}))
  return folder
}

export interface TestBook {
  readonly book: TlsBook
  readonly events: TlsEvent[]
  /** Times that the table changed. */
  readonly changes: () => number
}

/** A book that looks every few milliseconds. */
export function openBook(scope: Scope, options: Partial<TlsBookOptions> & {readonly home: string}): TestBook {
  const events: TlsEvent[] = []
  let changes = 0
  const book = createTlsBook({
    email: undefined,
    log: silentLogger,
    everyMs: 10,
    listener: async () => ({bind: '127.0.0.1', port: 8443}),
    onEvent: (event) => events.push(event),
    ...options,
    onChange: async () => {
      changes++
      await options.onChange?.()
    },
  })
  scope.add(() => book.close())
  return {book, events, changes: () => changes}
}
