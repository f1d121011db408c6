import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {type InstanceProvider, OmniError, type ServiceEngine, silentLogger} from '@omni-cli/sdk'
import type {Progress, Session, Step} from '@omni-cli/sdk/cli'

interface MemoryDrivers {
  readonly service?: ServiceEngine
  readonly instance?: InstanceProvider
}

/** A session whose drivers are given; its home is a fresh folder, gone after disposal. */
export function memorySession(drivers: MemoryDrivers): Session & Disposable {
  const home = mkdtempSync(join(tmpdir(), 'omni-session-'))
  const kinds = Object.keys(drivers) as ('service' | 'instance')[]
  return {
    home,
    configFile: join(home, 'config.yaml'),
    config: {contexts: [], preferences: {}, plugins: [], aliases: {}},
    context: {name: 'default'},
    namespace: undefined,
    log: silentLogger,
    contributions: kinds.map((kind) => ({kind, id: 'memory', title: '', plugin: '', module: '', priority: 0})),
    async open(kind) {
      const driver = drivers[kind as 'service' | 'instance']
      if (driver === undefined) throw new OmniError('UNAVAILABLE', `no plugin supplies a ${kind} provider`)
      return driver as never
    },
    openAll: async () => [],
    [Symbol.dispose]: () => rmSync(home, {recursive: true}),
  }
}

/** Keeps what a display would show. */
export function recordingProgress(): Progress & {readonly lines: string[]} {
  const lines: string[] = []
  const start = (title: string): Step => ({
    note: (text) => lines.push(`${title}: ${text}`),
    done: () => lines.push(`${title}: done`),
    skip: (text) => lines.push(`${title}: skipped, ${text}`),
    fail: (text) => lines.push(`${title}: failed, ${text}`),
  })
  return {lines, start, step: async (title, work) => work(start(title)), close: async () => undefined}
}
