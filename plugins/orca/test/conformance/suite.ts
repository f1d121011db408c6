import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {Workload} from '../../src/conformance/bench.ts'
import {CONFORMANCE_CHECKS} from '../../src/conformance/checks.ts'
import {type ConformanceSuite, openSuite} from '../../src/conformance/run.ts'
import {openServer, type TestServer} from './open-server.ts'

/** Every promise as a test of its own, against a server that is started for them. */
export function describeConformance(
  name: string,
  workload: Workload,
  env: Readonly<Record<string, string>> = {},
): void {
  describe(name, () => {
    let server: TestServer
    let suite: ConformanceSuite
    beforeAll(async () => {
      server = await openServer(env)
      suite = await openSuite({...server, workload})
    })
    afterAll(async () => {
      await suite?.close()
      await server?.close()
    })
    for (const check of CONFORMANCE_CHECKS) {
      it(`${check.group}: ${check.name}`, {timeout: 180_000}, async (context) => {
        const {outcome, reason} = await suite.run(check)
        if (outcome === 'skipped') context.skip(reason)
        expect(outcome, reason).toBe('passed')
      })
    }
  })
}
