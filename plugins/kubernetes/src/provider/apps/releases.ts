import {type CallOptions, OmniError, type Release, type ReleaseFacet} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {type AppRecord, activeRelease, type ReleaseRecord} from './record.ts'
import {readRecord} from './store.ts'

/** Releases of applications, as the record of each has them. Served models have none: UNSUPPORTED. */
export function createReleases(client: KubeClient, actor?: string): ReleaseFacet {
  return {
    list: async (name, call = {}) =>
      (await requireRecord(client, name, call)).releases.map(toRelease(name)).toReversed(),
    rollback: async (name, {to, ...call} = {}) => {
      const record = await requireRecord(client, name, call)
      const target = targetOf(record, to)
      const [{updateApp, requireSight}, {toService}] = await Promise.all([
        import('./deploy.ts'),
        import('./observe.ts'),
      ])
      const now = toService(await requireSight(client, name, call)).spec
      // How many run is not a matter of the version.
      const replicas = target.spec.replicas === 'auto' || now.replicas === 'auto' ? target.spec.replicas : now.replicas
      const reason = `rollback to ${target.id}`
      return updateApp(client, name, {...target.spec, replicas}, {...call, reason, actor})
    },
  }
}

async function requireRecord(client: KubeClient, name: string, {signal}: CallOptions): Promise<AppRecord> {
  const record = await readRecord(client, name, {signal})
  if (record !== undefined) return record
  throw new OmniError('NOT_FOUND', `there is no application '${name}' in namespace '${client.namespace}'`, {
    hint: 'omni get services',
  })
}

/** The named one, else the good one before the one that serves. */
function targetOf(record: AppRecord, to: string | undefined): ReleaseRecord {
  const {service, releases} = record
  const hint = `omni releases ${service}`
  const active = activeRelease(record)
  const numberOf = ({id}: ReleaseRecord): number => Number(id.slice(1))
  const isBefore = (release: ReleaseRecord) =>
    release.status === 'superseded' && (active === undefined || numberOf(release) < numberOf(active))
  const found = to === undefined ? releases.findLast(isBefore) : releases.find(({id}) => id === to)
  if (found === undefined) {
    const what = to === undefined ? 'no release before the one that serves' : `no release '${to}'`
    throw new OmniError('NOT_FOUND', `'${service}' has ${what}`, {hint})
  }
  if (found.status === 'failed' || found.status === 'deploying') {
    throw new OmniError('CONFLICT', `'${found.id}' of '${service}' has never been ready`, {hint})
  }
  return found
}

const toRelease =
  (service: string) =>
  ({id, spec, status, createdAt, actor, reason, failure}: ReleaseRecord): Release => ({
    ...{id, service, status, spec, createdAt, reason},
    ...(actor === undefined ? {} : {actor}),
    ...(failure === undefined ? {} : {failure}),
  })
