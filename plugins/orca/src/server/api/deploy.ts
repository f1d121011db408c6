import type {ServiceSpec} from '@omni-cli/sdk'
import type {FastifyInstance} from 'fastify'
import {auditOutcome, auditTarget} from './audit.ts'
import {bodyProblem, readJson} from './body.ts'
import {type ApiContext, actorOf} from './context.ts'
import {checkSpecs} from './scope.ts'
import {readServiceConfig} from './service-config.ts'

/** Orca's deploy: many services at once; 200 all, 206 some, 500 none. */
export function deployRoutes(app: FastifyInstance, {control}: ApiContext): void {
  app.post('/api/v1/deploy', async (request, reply) => {
    const specs = lastOfEachName(readServices(await readJson(request)))
    auditTarget(request, specs.map(({name}) => name).join(', '))
    await checkSpecs(actorOf(request), control, specs)
    const [codeless, complete] = partition(specs, hasNoCode)
    const outcome = await control.deploy(complete, {actor: actorOf(request), reason: 'deploy', isTolerant: true})
    const errors = [
      ...codeless.map(({name}) => `${name}: service '${name}' has no image, module, or build config`),
      ...outcome.errors.map(({service, message}) => `${service}: ${message}`),
    ]
    if (errors.length > 0) auditOutcome(request, 'DEPLOY_FAILED')
    reply.code(errors.length === 0 ? 200 : outcome.deployed.length === 0 ? 500 : 206)
    return {
      deployed: outcome.deployed,
      errors,
      ...(outcome.warnings.length === 0 ? {} : {warnings: outcome.warnings}),
    }
  })
}

function readServices(body: unknown): ServiceSpec[] {
  const services = typeof body === 'object' && body !== null && 'services' in body ? body.services : undefined
  if (services === undefined) throw bodyProblem([], 'missing field `services`')
  if (!Array.isArray(services)) throw bodyProblem(['services'], 'invalid type, expected a sequence')
  return services.map((service, index) => readServiceConfig(service, ['services', index]))
}

/** Of two entries with the same name the last one counts, as in Orca. */
const lastOfEachName = (specs: readonly ServiceSpec[]): ServiceSpec[] => [
  ...new Map(specs.map((spec) => [spec.name, spec])).values(),
]

const hasNoCode = (spec: ServiceSpec): boolean =>
  [spec.image, spec.module, spec.build, spec.command].every((source) => source === undefined)

const partition = <T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] => [
  items.filter(isFirst),
  items.filter((item) => !isFirst(item)),
]
