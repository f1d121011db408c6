import type {Edge, EdgeListener, EdgeTable, EdgeVersionStats} from '../../src/edge/table.ts'

/** Remembers every table, and lets a test hold or refuse one. */
export class FakeEdge implements Edge {
  readonly tables: EdgeTable[] = []
  readonly drainedAddresses: string[] = []
  hook: (table: EdgeTable) => Promise<void> | void = () => undefined
  /** Ports that cannot be opened. */
  readonly refused = new Set<number>()
  pid = 1
  checks = 0
  readonly #listeners = new Set<(address: string) => void>()

  async apply(table: EdgeTable): Promise<EdgeListener[]> {
    await this.hook(table)
    this.tables.push(table)
    const ports = table.services.flatMap(({service, port}) => (port === undefined ? [] : [{service, port}]))
    return [{service: undefined, port: table.http.port}, ...ports].map(({service, port}) => ({
      service,
      bind: '127.0.0.1',
      port,
      ...(this.refused.has(port) ? {error: 'EADDRINUSE'} : {}),
    }))
  }

  async drained(address: string): Promise<boolean> {
    this.drainedAddresses.push(address)
    return true
  }

  async stats(): Promise<EdgeVersionStats[]> {
    return [
      {
        service: 'web',
        version: 'r1',
        route: '*',
        requests: 3,
        classes: [0, 0, 2, 0, 0, 1],
        buckets: [1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3],
        seconds: 0.5,
        inFlight: 0,
      },
    ]
  }

  onTargetFailure(listener: (address: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async health() {
    this.checks++
    return {pid: this.pid, uptimeMs: 1}
  }

  async shutdown(): Promise<void> {
    this.tables.length = 0
  }

  close(): void {
    this.#listeners.clear()
  }

  fail(address: string): void {
    for (const listener of this.#listeners) listener(address)
  }

  /** Versions behind the service in the table in force. */
  versions(service: string): string[] {
    return (
      this.tables
        .at(-1)
        ?.services.find((entry) => entry.service === service)
        ?.targets.map(({version}) => version) ?? []
    )
  }

  /** How many targets the service had in each table so far, repeats left out. */
  history(service: string): string[] {
    const seen = this.tables.map((table) =>
      (table.services.find((entry) => entry.service === service)?.targets ?? []).map(({version}) => version).join(' '),
    )
    return seen.filter((entry, index) => entry !== seen[index - 1])
  }
}
