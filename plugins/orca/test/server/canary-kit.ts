import type {ServiceInput} from '@omni-cli/sdk'
import type {EdgeVersionStats} from '../../src/edge/table.ts'
import {Harness, quick, spec} from './harness.ts'

type Deploy = NonNullable<ServiceInput['deploy']>
type Change = Partial<ServiceInput>

/** Version V, as a canary. */
export const canary = (V: string, deploy: Deploy = {}, change: Change = {}) =>
  spec({
    replicas: 4,
    env: {V},
    deploy: {strategy: 'canary', canary_weight: 25, ready_timeout_secs: 2, drain_secs: 1, ...deploy},
    ...change,
  })

export const stable = (change: Change = {}) => spec({replicas: 4, env: {V: '1'}, ...change})

/** What the proxy has counted: so many requests, so many of them failed, within 5 ms. */
export const counted = (version: string, requests: number, errors = 0): EdgeVersionStats => ({
  ...{service: 'web', version, route: '*', requests, seconds: requests * 0.004, inFlight: 0},
  classes: [0, 0, requests - errors, 0, 0, errors],
  buckets: [0, 0, ...Array.from({length: 11}, () => requests)],
})

/** A control plane with one service `web`, of which version 2 becomes a canary of version 1. */
export class CanaryHarness extends Harness {
  static override async open(): Promise<CanaryHarness> {
    const harness = new CanaryHarness()
    harness.timing = {...quick, canaryMs: 10}
    await harness.start()
    return harness
  }

  async begun(deploy: Deploy = {}, change: Change = {}): Promise<void> {
    await this.deployed(stable(change))
    await this.deployed(canary('2', deploy, change))
  }

  /** `r1 r1 r2` of what runs. */
  running(): string {
    return this.runtime
      .running('web')
      .map(({release}) => release)
      .sort()
      .join(' ')
  }

  entry() {
    return this.edge.tables.at(-1)?.services.find(({service}) => service === 'web')
  }

  /** Percent of the requests that each version gets. */
  shares(): Record<string, number> {
    const targets = this.entry()?.targets ?? []
    const total = targets.reduce((sum, {weight}) => sum + weight, 0)
    const versions: Record<string, number> = {}
    for (const {version, weight} of targets) versions[version] = (versions[version] ?? 0) + (100 * weight) / total
    return versions
  }

  /** `r2 canary`, newest first. */
  async releases(): Promise<string[]> {
    return (await this.control.releases('web')).map(({id, status}) => `${id} ${status}`)
  }
}
