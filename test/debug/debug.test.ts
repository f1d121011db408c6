import {type Finding, type Service, type ServiceEngine, serviceSpec} from '@omni-cli/sdk'
import {createMemoryServices} from '@omni-cli/testkit'
import {describe, expect, it} from 'vitest'
import {diagnose} from '../../src/debug/diagnosis.ts'
import {diagnosisLines, diagnosisView} from '../../src/debug/diagnosis-view.ts'

const finding = (severity: Finding['severity'], rule: string): Finding => ({
  rule,
  severity,
  message: `m ${rule}`,
  evidence: ['seen'],
  fix: 'omni fix',
})

async function engineWith(state: Partial<Service>, more: Partial<ServiceEngine> = {}): Promise<ServiceEngine> {
  const memory = createMemoryServices()
  const service = await memory.create(serviceSpec.parse({name: 'web', command: 'run'}))
  return {...memory, get: async (name) => (name === 'web' ? {...service, endpoints: [], ...state} : undefined), ...more}
}

const failure = {
  reason: 'CrashLoopBackOff',
  message: 'it ends',
  restarts: 3,
  at: '2026-01-01T00:00:00Z',
  lastLines: ['boom'],
}

describe('a diagnosis', () => {
  it('is that of the rules of the engine, with the answers of the endpoints', async () => {
    const engine = await engineWith(
      {status: 'degraded', runningReplicas: 0, desiredReplicas: 1},
      {
        diagnosis: {diagnose: async () => [finding('cause', 'gpus-missing'), finding('info', 'x')]},
        probe: async () => [{url: 'http://web/', ok: false, error: 'connection refused', ms: 1}],
      },
    )

    const found = await diagnose(engine, 'web')

    expect(found).toMatchObject({service: 'web', status: 'degraded', ready: 0, desired: 1, ok: false})
    expect(found.findings.map(({rule, severity}) => `${severity} ${rule}`)).toEqual([
      'cause gpus-missing',
      'warning endpoint',
      'info x',
    ])
  })

  it('without other causes, an endpoint that does not answer is the cause', async () => {
    const engine = await engineWith(
      {status: 'running', runningReplicas: 1, desiredReplicas: 1},
      {
        diagnosis: {diagnose: async () => [finding('ok', 'pods-ready')]},
        probe: async () => [{url: 'http://web/', ok: false, status: 503, ms: 1}],
      },
    )
    const {ok, findings} = await diagnose(engine, 'web')
    expect({ok, first: findings[0]}).toMatchObject({ok: false, first: {rule: 'endpoint', severity: 'cause'}})
  })

  it.each([
    [{status: 'failed', lastFailure: failure}, 'cause last-failure', false],
    [{status: 'degraded', runningReplicas: 1, desiredReplicas: 2}, 'cause replicas', false],
    [{status: 'deploying', runningReplicas: 0, desiredReplicas: 1}, 'warning replicas', false],
    [{status: 'stopped'}, 'info stopped', true],
    [{status: 'running'}, 'ok replicas', true],
  ] as const)('of an engine without rules is what the service tells: %j', async (state, expected, isOk) => {
    const {findings, ok} = await diagnose(await engineWith(state), 'web')
    expect([`${findings[0]?.severity} ${findings[0]?.rule}`, ok]).toEqual([expected, isOk])
  })

  it('of an absent service is NOT_FOUND', async () => {
    await expect(diagnose(await engineWith({}), 'nope')).rejects.toMatchObject({code: 'NOT_FOUND'})
  })
})

describe('what is shown of it', () => {
  const base = {service: 'web', status: 'degraded', ready: 1, desired: 2} as const
  const textOf = (findings: readonly Finding[], ok = false) =>
    diagnosisLines({...base, ok, findings}).map((line) =>
      typeof line === 'string' ? line : line.map((piece) => (typeof piece === 'string' ? piece : piece[0])).join(''),
    )

  it('cause, evidence and the command that fixes it', () => {
    expect(textOf([{...finding('cause', 'a'), evidence: ['one\ntwo']}])).toEqual([
      'web  degraded 1/2',
      '✖ m a',
      '  │ one',
      '  │ two',
      '  try: omni fix',
    ])
  })

  it('when nothing explains it, that', () => {
    expect(textOf([]).at(-1)).toContain('no rule explains it')
    expect(textOf([], true)).toEqual(['web  degraded 1/2'])
  })

  it('ends with 9 when it is not well', () => {
    expect(diagnosisView({...base, ok: false, findings: []}).exitCode).toBe(9)
    expect(diagnosisView({...base, ok: true, findings: []}).exitCode).toBe(0)
  })
})
