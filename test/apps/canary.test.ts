import {type Canary, type Release, type Service, serviceSpec} from '@omni-cli/sdk'
import type {TextLine} from '@omni-cli/sdk/cli'
import type {Manifest, Resource} from '@omni-cli/sdk/engine'
import {describe, expect, it} from 'vitest'
import {asCanaries} from '../../src/apps/canary.ts'
import {canariesView, canaryLines, verdictView, withVerdicts} from '../../src/apps/canary-view.ts'
import {chooseRelease} from '../../src/apps/releases.ts'
import {overviewView} from '../../src/status/overview-view.ts'
import {serviceDetailsView} from '../../src/status/service-details.ts'

const now = new Date('2026-01-01T00:01:30Z')
const canary: Canary = {
  release: 'r2',
  weight: 20,
  startedAt: '2026-01-01T00:00:00Z',
  auto: true,
  reason: '30 of 50 requests that a verdict needs',
  measures: [
    {version: 'stable', release: 'r1', replicas: 3, requests: 120, errors: 0, p95Seconds: 0.0123},
    {version: 'canary', release: 'r2', replicas: 1, requests: 30, errors: 1, p95Seconds: 0.25},
  ],
}
const service = (more: Partial<Service> = {}): Service => ({
  ...{name: 'web', status: 'running', spec: serviceSpec.parse({name: 'web', command: 'run'})},
  ...{desiredReplicas: 3, runningReplicas: 3, release: 'r1', endpoints: [], replicas: []},
  ...more,
})

const textOf = (lines: readonly TextLine[]): string[] =>
  lines.map((line) =>
    typeof line === 'string' ? line : line.map((piece) => (typeof piece === 'string' ? piece : piece[0])).join(''),
  )

describe('canaries', () => {
  it('are shown with both versions side by side', () => {
    const view = canariesView([service({canary}), service({name: 'db'})], now)
    if (view.type !== 'item') throw new Error('there is one')

    expect(view.data).toEqual([{service: 'web', release: 'r1', canary}])
    expect(textOf(view.text(view.data))).toEqual([
      'web canary r2 gets 20 % of the requests, for 1m30s, decided by its measures: 30 of 50 requests that a verdict needs',
      'VERSION  RELEASE  READY  REQUESTS  ERRORS   RATE      P95',
      'stable   r1           3       120       0    0 %  12.3 ms',
      'canary   r2           1        30       1  3.3 %   250 ms',
      'try: omni promote web, or omni canary abort web',
    ])
  })

  it('that there are none of are no error', () => {
    expect(canariesView([service()], now)).toMatchObject({type: 'list', rows: [], empty: 'no canary runs'})
    expect(canaryLines(service(), now)).toEqual([])
  })

  it('are seen in the overview and in what is told of one service', () => {
    const overview = {context: 'default', ok: true, engines: [], services: [service({canary})], instances: [], down: []}
    const [all, one] = [overviewView(overview, now), serviceDetailsView(service({canary}), now)]

    expect(textOf(all.text(all.data)).join('\n')).toContain('canary r2 gets 20 % of the requests')
    expect(textOf(one.text(one.data)).join('\n')).toMatch(/canary r2 gets 20 %.*stable +r1/s)
  })
})

describe('a verdict', () => {
  const promoted = {verdict: 'promoted', reason: '0 of 50 requests failed', service: service({release: 'r2'})} as const
  const aborted = {verdict: 'aborted', reason: 'too many errors', service: service()} as const

  it('is exit status 0 for a promotion and 9 with the reason for an abort', () => {
    expect(verdictView(promoted).exitCode).toBe(0)
    const view = verdictView(aborted)
    expect(view.exitCode).toBe(9)
    expect(textOf(view.text(view.data))).toEqual([
      '✖ web: the canary was aborted: too many errors',
      '  release r1 serves with 3 of 3 replicas',
    ])
  })

  it('is added to the report of a deploy', () => {
    const report = {type: 'item', data: {ok: true}, text: () => ['deployed'], exitCode: 0} as const

    expect(withVerdicts(report, [promoted])).toMatchObject({exitCode: 0, data: {ok: true, verdicts: [promoted]}})
    expect(withVerdicts(report, [promoted, aborted]).exitCode).toBe(9)
  })
})

describe('a deploy as a canary', () => {
  const resource = (deploy?: object): Resource => {
    const written = {name: 'web', command: 'run', ...(deploy === undefined ? {} : {deploy})}
    const spec = serviceSpec.parse(written)
    return {
      kind: 'service',
      name: 'web',
      spec,
      written,
      plan: 'p',
      origin: {file: 'f', line: 1, column: 1},
      folder: '/',
    }
  }
  const manifest = (deploy?: object): Manifest => ({
    ...{resources: [resource(deploy)], plans: ['p'], environments: [], warnings: []},
  })

  it('keeps what the files say besides', () => {
    const [found] = asCanaries(manifest({drain_secs: 9}), {weight: 5, auto: true}).resources

    expect(found).toMatchObject({
      spec: {deploy: {strategy: 'canary', canary_weight: 5, drain_secs: 9, ready_timeout_secs: 60}},
      written: {deploy: {strategy: 'canary', canary_weight: 5, drain_secs: 9}},
    })
  })

  it('is nothing of what was not asked for', () => {
    expect(asCanaries(manifest(), {weight: undefined, auto: false})).toEqual(manifest())
    expect(asCanaries(manifest({strategy: 'canary'}), {weight: undefined, auto: true}).resources).toHaveLength(1)
    expect(() => asCanaries(manifest(), {weight: undefined, auto: true})).toThrow(/--canary WEIGHT/)
  })
})

describe('a release to go back to', () => {
  const release = (status: Release['status'], reason?: string): Release => ({
    ...{id: 'r2', service: 'web', status, spec: service().spec, createdAt: '', reason: 'deploy'},
    ...(reason === undefined ? {} : {failure: {reason, message: '', restarts: 0, at: '', lastLines: []}}),
  })

  it.each([
    [release('canary'), /is its canary/],
    [release('failed', 'CanaryAborted'), /was aborted as a canary/],
    [release('failed', 'NotReady'), /never became ready/],
  ])('is no canary, whether it runs or was aborted', (found, message) => {
    expect(() => chooseRelease([found], 'web', 'r2')).toThrow(message)
  })
})
