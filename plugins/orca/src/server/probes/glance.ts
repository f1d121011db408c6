import type {RuntimeInstance} from '../../runtimes/runtime.ts'
import type {ControlContext} from '../context.ts'
import type {Version} from '../replicas.ts'
import {createAttempt} from './attempt.ts'
import {planProbes} from './probe-plan.ts'

const GLANCE_MS = 500

/** It served before, so only a clear no counts: a slow answer must not take it out of the table. */
export async function seemsReady(
  context: ControlContext,
  {spec}: Version,
  instance: RuntimeInstance,
): Promise<boolean> {
  const attempt = createAttempt(context.runtime, instance)
  const asked = performance.now()
  const problems = await Promise.all(
    planProbes(spec).gate.map((probe) => attempt({...probe, timeoutMs: GLANCE_MS}, context.closing)),
  )
  return problems.every((problem) => problem === undefined) || performance.now() - asked >= GLANCE_MS
}
