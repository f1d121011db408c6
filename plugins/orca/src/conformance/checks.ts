import type {ConformanceCheck} from './check.ts'
import {accessChecks} from './checks/access.ts'
import {canaryChecks} from './checks/canary.ts'
import {clusterChecks} from './checks/cluster.ts'
import {deployChecks} from './checks/deploy.ts'
import {guideChecks} from './checks/guide.ts'
import {healingChecks} from './checks/healing.ts'
import {projectChecks} from './checks/projects.ts'
import {proxyChecks} from './checks/proxy.ts'
import {rollbackChecks} from './checks/rollback.ts'
import {scaleChecks} from './checks/scale.ts'
import {secretChecks} from './checks/secrets.ts'
import {webhookChecks} from './checks/webhooks.ts'
import {wireChecks} from './checks/wire.ts'

/** Every promise that can be looked at from outside, cheap ones first. */
export const CONFORMANCE_CHECKS: readonly ConformanceCheck[] = [
  ...wireChecks,
  ...accessChecks,
  ...clusterChecks,
  ...deployChecks,
  ...scaleChecks,
  ...projectChecks,
  ...rollbackChecks,
  ...canaryChecks,
  ...webhookChecks,
  ...secretChecks,
  ...proxyChecks,
  ...healingChecks,
  ...guideChecks,
]
