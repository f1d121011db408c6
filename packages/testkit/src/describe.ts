import type {InstanceProvider, ModelCatalog, ModelSource, ServiceEngine, ServiceSpec} from '@omni-cli/sdk'
import {describe, it} from 'vitest'
import type {Check, Opened} from './checks/check.ts'
import {type InstanceHarness, instanceProviderChecks} from './checks/instance-provider.ts'
import {type CatalogHarness, modelCatalogChecks, modelSourceChecks, type SourceHarness} from './checks/model.ts'
import {type ServiceHarness, serviceEngineChecks} from './checks/service-engine.ts'

interface Suite<Driver> {
  /** Name of the driver, for the report. */
  readonly name: string
  /** A fresh, empty driver for each check. */
  create(): Promise<Opened<Driver>>
  /** A second run against the real backend, when the condition holds; otherwise it is reported as skipped. */
  readonly live?: {readonly when: boolean; create(): Promise<Opened<Driver>>} | undefined
  /** Per check, in milliseconds. Default 30 000. */
  readonly timeoutMs?: number | undefined
}

/** Proves an instance provider. */
export function describeInstanceProvider(suite: Suite<InstanceProvider> & Omit<InstanceHarness, 'provider'>): void {
  describeSuite<InstanceProvider, InstanceHarness>('instance provider', suite, instanceProviderChecks, (provider) => ({
    ...suite,
    provider,
  }))
}

/** Proves a service engine. */
export function describeServiceEngine(
  suite: Suite<ServiceEngine> & {spec(name: string, version?: number): ServiceSpec; broken(name: string): ServiceSpec},
): void {
  describeSuite<ServiceEngine, ServiceHarness>('service engine', suite, serviceEngineChecks, (engine) => ({
    engine,
    spec: suite.spec,
    broken: suite.broken,
  }))
}

/** Proves a catalogue of models and runtimes. */
export function describeModelCatalog(suite: Suite<ModelCatalog>): void {
  describeSuite<ModelCatalog, CatalogHarness>('model catalog', suite, modelCatalogChecks, (catalog) => ({catalog}))
}

/** Proves a source of models. */
export function describeModelSource(
  suite: Suite<ModelSource> & {readonly known: string; readonly unknown: string},
): void {
  describeSuite<ModelSource, SourceHarness>('model source', suite, modelSourceChecks, (source) => ({
    source,
    known: suite.known,
    unknown: suite.unknown,
  }))
}

function describeSuite<Driver, Harness>(
  contract: string,
  suite: Suite<Driver>,
  checks: readonly Check<Harness>[],
  harnessOf: (driver: Driver) => Harness,
): void {
  const timeout = suite.timeoutMs ?? 30_000
  const define = (create: () => Promise<Opened<Driver>>) => {
    for (const check of checks) {
      it(check.name, {timeout}, async (context) => {
        const {driver, close} = await create()
        try {
          const reason = await check.run(harnessOf(driver))
          if (reason !== undefined) context.skip(reason)
        } finally {
          await close?.()
        }
      })
    }
  }
  describe(`${suite.name} is a ${contract}`, () => define(() => suite.create()))
  const {live} = suite
  if (live !== undefined)
    describe.skipIf(!live.when)(`${suite.name}, live, is a ${contract}`, () => define(() => live.create()))
}
