import {type CallOptions, mapLimit, type Release, requireFacet, type ServiceEngine} from '@omni-cli/sdk'
import {releasesView} from '../apps/releases.ts'
import {failureLines} from '../apps/service-view.ts'
import {withoutSecrets} from '../apps/without-secrets.ts'
import {factLines} from './cells.ts'
import {defineKind} from './kind.ts'

/** `web/r3`: a release is only known within its service. */
type NamedRelease = Release & {readonly name: string}

export const releaseKind = defineKind<NamedRelease, 'service'>({
  kind: 'release',
  plural: 'releases',
  short: [],
  contract: 'service',
  columns: [{header: 'SERVICE', value: ({service}) => service}, ...releasesView([], new Date(0)).columns.map(withNow)],
  async list(engine, options) {
    const services = await engine.list(options)
    return (await mapLimit(services, 8, ({name}) => releasesOf(engine, name, options))).flat()
  },
  async get(engine, name, options) {
    const [service = '', id] = name.split('/')
    if (id === undefined || (await engine.get(service, options)) === undefined) return undefined
    return (await releasesOf(engine, service, options)).find((release) => release.id === id)
  },
  withoutSecrets,
  events: (engine) => engine.events,
  lines: (release) => [
    ...factLines({
      service: release.service,
      release: release.id,
      status: release.status,
      created: release.createdAt,
      by: release.actor,
      reason: release.reason,
      artifact: release.spec.artifact,
    }),
    ...(release.failure === undefined ? [] : ['', ...failureLines(release.failure, '')]),
  ],
})

async function releasesOf(engine: ServiceEngine, service: string, options: CallOptions): Promise<NamedRelease[]> {
  const releases = await requireFacet(engine, 'releases').list(service, options)
  return releases.map((release) => ({name: `${service}/${release.id}`, ...release}))
}

/** The columns of `omni releases`, with the time of the row's own display. */
function withNow(column: ReturnType<typeof releasesView>['columns'][number], index: number) {
  return {...column, value: (release: Release) => releasesView([], new Date()).columns[index]?.value(release)}
}
