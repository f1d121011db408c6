import type {NodeInfo, ReplicaStatus, Service} from '@omni-cli/sdk'
import type {RemoteRow, WorkloadStatus} from '../store/nodes.ts'
import {isStale} from './placement.ts'

const REPLICA_STATUS = {
  running: 'ready',
  pending: 'starting',
  stopped: 'exited',
  failed: 'exited',
} as const satisfies Record<WorkloadStatus, ReplicaStatus>

/** Agents number no releases. */
const RELEASE = 'r1'

/** A service of another node, as its last heartbeat tells; nobody knows about one that is not heard of. */
export function observeRemote(row: RemoteRow, node: NodeInfo | undefined): Service {
  const {spec} = row
  const desired = spec.replicas === 'auto' ? 1 : spec.replicas
  const isHeard = node !== undefined && !isStale(node)
  const isRunning = isHeard && row.status === 'running'
  const status = isHeard ? REPLICA_STATUS[row.status] : 'unready'
  return {
    name: row.name,
    ...(spec.project === undefined ? {} : {project: spec.project}),
    status: isRunning ? 'running' : isHeard && row.status === 'pending' ? 'deploying' : 'failed',
    spec,
    desiredReplicas: desired,
    runningReplicas: isRunning ? desired : 0,
    ...(row.everRan ? {release: RELEASE} : {}),
    endpoints: [],
    replicas: Array.from({length: desired}, (_, index) => ({
      name: `${row.name}-${index}`,
      index,
      status,
      release: RELEASE,
      restarts: 0,
      node: node?.address ?? row.node,
    })),
    ...(isHeard
      ? {}
      : {
          lastFailure: {
            reason: 'AgentUnreachable',
            message: `node '${node?.address ?? row.node}' is not heard of`,
            restarts: 0,
            at: node?.lastSeen ?? row.updatedAt,
            lastLines: [],
          },
        }),
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  }
}
