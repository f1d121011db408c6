import {randomUUID} from 'node:crypto'
import type {Logger} from '@omni-cli/sdk'
import {absentRuntime} from '../runtimes/absent-runtime.ts'
import {createAllRuntimes} from '../runtimes/all-runtimes.ts'
import {createDockerRuntime} from '../runtimes/docker/docker-runtime.ts'
import {createProcessRuntime} from '../runtimes/process/process-runtime.ts'
import type {Runtime} from '../runtimes/runtime.ts'
import type {SettingStore} from './store/settings.ts'
import type {Store} from './store/store.ts'

const OWNER = 'docker.owner'
const USED = 'docker.used'

/** Processes and containers of this home. Nothing is started or connected before it is needed. */
export function openRuntime({home, store, log}: {readonly home: string; readonly store: Store; readonly log: Logger}) {
  const {settings, services} = store
  return createAllRuntimes({
    process: createProcessRuntime({home, log}),
    docker: openDocker(home, ownerOf(settings), log),
    specOf: (service) => services.get(service)?.spec,
    hasContainers: settings.get(USED) !== undefined,
    onFirstContainer: () => settings.set(USED, new Date().toISOString()),
  })
}

/** Whose containers are ours, among those of all servers on one Engine. */
function ownerOf(settings: SettingStore): string {
  const owner = settings.get(OWNER) ?? randomUUID()
  settings.set(OWNER, owner)
  return owner
}

/** A DOCKER_HOST that cannot be used is told to those who want containers. */
function openDocker(home: string, owner: string, log: Logger): Runtime {
  try {
    return createDockerRuntime({home, owner, log})
  } catch (error) {
    return absentRuntime('docker', error)
  }
}
