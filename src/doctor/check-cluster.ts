import {type ClusterCheck, isAbort} from '@omni-cli/sdk'
import {type Check, type Finding, fine} from './finding.ts'

const PATIENCE_MS = 10_000

/** The cluster of the context: what `omni cluster health` says beside that all is well. */
export const checkCluster: Check = async ({session, signal}) => {
  const opened = await session().catch(() => undefined)
  // A wrong configuration is told by its own check.
  if (opened?.context.cluster === undefined) return []
  const cluster = await opened.open('cluster')
  const call = {signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])}
  const checks = await cluster.health(call).catch((error: unknown) => {
    if (signal.aborted || !isAbort(error)) throw error
    return [late]
  })
  const [server, ...others] = checks.map(findingOf)
  return server === undefined ? [] : [server, ...others.filter(({status}) => status !== 'ok')]
}

const late: ClusterCheck = {
  name: 'api server',
  status: 'failed',
  message: `no answer within ${PATIENCE_MS / 1000}s`,
  hint: 'omni cluster health',
}

const STATUS = {ok: 'ok', warning: 'warning', failed: 'error', unknown: 'warning'} as const

function findingOf({name, status, message, hint}: ClusterCheck): Finding {
  const subject = `cluster: ${name}`
  return status === 'ok' ? fine(subject, message) : {subject, status: STATUS[status], message, fix: hint}
}
