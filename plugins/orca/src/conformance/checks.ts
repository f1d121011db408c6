import type {ConformanceCheck} from './check.ts'
import {accessChecks} from './checks/access.ts'
import {canaryChecks} from './checks/canary.ts'
import {clusterChecks} from './checks/cluster.ts'
import {deployChecks} from './checks/deploy.ts'
import {deployManyChecks} from './checks/deploy-many.ts'
import {deployVersionChecks} from './checks/deploy-versions.ts'
import {guideChecks} from './checks/guide.ts'
import {healingChecks} from './checks/healing.ts'
import {projectChecks} from './checks/projects.ts'
import {proxyChecks} from './checks/proxy.ts'
import {rollbackChecks} from './checks/rollback.ts'
import {rolloutChecks} from './checks/rollout.ts'
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
  ...deployManyChecks,
  ...deployVersionChecks,
  ...scaleChecks,
  ...projectChecks,
  ...rollbackChecks,
  ...canaryChecks,
  ...webhookChecks,
  ...secretChecks,
  ...proxyChecks,
  ...rolloutChecks,
  ...healingChecks,
  ...guideChecks,
]
