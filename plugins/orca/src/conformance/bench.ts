import {randomBytes} from 'node:crypto'
import {poll, sleep} from '@omni-cli/sdk'
import type {Answer, Api} from './api.ts'
import {equal, isRecord, list, member, ok, status} from './expect.ts'

/** A service as Orca's API takes it. */
export type ServiceConfig = Readonly<Record<string, unknown>> & {readonly name: string}

/** What the checks run. */
export interface Workload {
  /** Fields that give a service its code: `{image, port}` or `{command, port}`. It answers HTTP on the port. */
  readonly fields: Readonly<Record<string, unknown>>
  /**
   * It obeys its environment: VERSION is the answer to `/`, EXIT=7 ends it at once after printing `broken on purpose`,
   * BOOT_MS, WRONG_PORT, `/healthz`, `/crash`, `/eat`, `/env`, and `x-version` on each answer.
   */
  readonly isApp: boolean
}

/** A row of `GET /api/v1/status`. */
export interface StatusRow {
  readonly name: string
  readonly status: string
  readonly desired_replicas: number
  readonly running_replicas: number
  readonly [key: string]: unknown
}

/** Makes, watches and removes the services of one check. */
export class Bench {
  readonly #api: Api
  readonly #workload: Workload
  readonly #made = new Set<string>()
  /** Part of every name. */
  readonly mark = `c${randomBytes(3).toString('hex')}`

  constructor(api: Api, workload: Workload) {
    this.#api = api
    this.#workload = workload
  }

  /** A name that no other check has. */
  name(part = 'web'): string {
    const name = `${this.mark}-${part}`
    this.#made.add(name)
    return name
  }

  /** A service that works. Short drains, so that a suite of hundreds of replicas ends in time. */
  service(name: string, change: Readonly<Record<string, unknown>> = {}): ServiceConfig {
    this.#made.add(name)
    const deploy = {drain_secs: 0, ready_timeout_secs: 30, ...(isRecord(change.deploy) ? change.deploy : {})}
    return {...this.#workload.fields, stop_grace_secs: 2, ...change, name, deploy}
  }

  deploy(...services: readonly ServiceConfig[]): Promise<Answer> {
    for (const {name} of services) this.#made.add(name)
    return this.#api.send('POST', '/api/v1/deploy', {json: {services}})
  }

  /** Deploys, and expects that all went well. */
  async deployed(...services: readonly ServiceConfig[]): Promise<void> {
    const answer = await this.deploy(...services)
    status(answer, 200, 'deploy')
    equal(list(answer.json(), 'errors'), [], 'errors of the deploy')
  }

  act(name: string, verb: string, json?: unknown): Promise<Answer> {
    return this.#api.send('POST', `/api/v1/services/${name}/${verb}`, json === undefined ? {} : {json})
  }

  stop(name: string): Promise<Answer> {
    return this.#api.send('DELETE', `/api/v1/services/${name}`)
  }

  async rows(query = ''): Promise<StatusRow[]> {
    const answer = await this.#api.send('GET', `/api/v1/status${query}`)
    status(answer, 200, 'status')
    return list(answer.json(), 'services').map(toRow)
  }

  async row(name: string): Promise<StatusRow | undefined> {
    return (await this.rows()).find((row) => row.name === name)
  }

  /** Waits until the row is as wished; says how it was left when that takes too long. */
  async until(name: string, isSo: (row: StatusRow) => boolean, timeoutMs = 60_000): Promise<StatusRow> {
    let last: StatusRow | undefined
    const look = async () => {
      last = await this.row(name)
      return last !== undefined && isSo(last) ? last : undefined
    }
    return poll({everyMs: 100, timeoutMs}, look).catch((error: unknown) => {
      ok(false, `'${name}' was left as ${JSON.stringify(last)}`)
      throw error
    })
  }

  running(name: string, count: number): Promise<StatusRow> {
    return this.until(name, (row) => row.running_replicas === count && row.desired_replicas === count)
  }

  /** The number of replicas holds for a moment: nothing more comes, nothing goes. */
  async steady(name: string, count: number): Promise<void> {
    await this.running(name, count)
    for (let look = 0; look < 5; look++) {
      await sleep(100)
      equal((await this.row(name))?.running_replicas, count, `running replicas of '${name}'`)
    }
  }

  async logs(name: string, tail = 50): Promise<string> {
    return (await this.#api.send('GET', `/api/v1/services/${name}/logs?tail=${tail}`)).text
  }

  /** Removes whatever the check has made. */
  async clear(): Promise<void> {
    const there = await this.rows().catch(() => [])
    const names = there.map(({name}) => name).filter((name) => this.#made.has(name) || name.startsWith(this.mark))
    await Promise.all(names.map((name) => this.stop(name).catch(() => undefined)))
  }
}

function toRow(value: unknown): StatusRow {
  ok(isRecord(value), 'a service of the status is no object')
  return {
    ...value,
    name: member(value, 'name', 'string'),
    status: member(value, 'status', 'string'),
    desired_replicas: member(value, 'desired_replicas', 'number'),
    running_replicas: member(value, 'running_replicas', 'number'),
  }
}
