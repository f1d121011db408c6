import {messageOf} from '@omni-cli/sdk'
import {checkCluster} from './check-cluster.ts'
import {checkConfig} from './check-config.ts'
import {checkEngines} from './check-engines.ts'
import {checkLeftovers} from './check-leftovers.ts'
import {checkPlugins} from './check-plugins.ts'
import {checkCompletion} from './check-shell.ts'
import {checkHome, checkNode} from './check-surroundings.ts'
import type {Check, Finding, Patient} from './finding.ts'

const CHECKS: Readonly<Record<string, Check>> = {
  node: checkNode,
  home: checkHome,
  configuration: checkConfig,
  plugins: checkPlugins,
  engines: checkEngines,
  cluster: checkCluster,
  leftovers: checkLeftovers,
  completion: checkCompletion,
}

/** Looks at everything; with `fix`, also repairs what can be repaired without a loss. A check that fails is a finding. */
export async function examine(patient: Patient, options: {readonly fix: boolean}): Promise<Finding[]> {
  const found = await Promise.all(
    Object.entries(CHECKS).map(([subject, check]) =>
      check(patient).catch((error): readonly Finding[] => [{subject, status: 'error', message: messageOf(error)}]),
    ),
  )
  return options.fix ? Promise.all(found.flat().map(repair)) : found.flat()
}

async function repair(finding: Finding): Promise<Finding> {
  if (finding.repair === undefined) return finding
  try {
    await finding.repair()
    return {...finding, status: 'fixed'}
  } catch (error) {
    return {...finding, message: `${finding.message}; repairing it failed: ${messageOf(error)}`}
  }
}
