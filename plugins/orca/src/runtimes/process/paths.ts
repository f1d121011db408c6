import {createHash} from 'node:crypto'
import {join} from 'node:path'

/** Where the process runtime keeps its things under OMNI_HOME. */
export const processPaths = (home: string) => ({
  /** One JSON file an instance: the truth about it. */
  instances: join(home, 'engine', 'instances'),
  releases: join(home, 'engine', 'releases'),
  volumes: join(home, 'engine', 'volumes'),
  logs: join(home, 'engine', 'logs'),
  /** Pipes that carry the output of instances; they outlive the supervisor. */
  fifos: join(home, 'run', 'fifo'),
  supervisorLock: join(home, 'run', 'supervisor.lock'),
  supervisorLog: join(home, 'logs', 'supervisor.log'),
})

export const serviceLogFolder = (home: string, service: string): string => join(processPaths(home).logs, service)

/** Current log of one replica; older ones have `.1`, `.2` behind. */
export const replicaLogFile = (home: string, service: string, index: number): string =>
  join(serviceLogFolder(home, service), `${service}-${index}.log`)

export const buildLogFile = (home: string, service: string): string =>
  join(serviceLogFolder(home, service), `${service}-build.log`)

/** Short name of a home, for things of it that are kept elsewhere. */
export const homeKey = (home: string): string => createHash('sha256').update(home).digest('hex').slice(0, 8)

/** Our home is closed to other users: what belongs to services with a `user` (only root has those) is kept here. */
export const sharedPaths = (home: string) => {
  const root = join('/var/lib/omni', homeKey(home))
  return {root, releases: join(root, 'releases'), volumes: join(root, 'volumes')}
}
