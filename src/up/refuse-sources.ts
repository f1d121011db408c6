import type {ServiceEngine, ServiceSpec} from '@omni-cli/sdk'
import {type FoundProblem, type Manifest, problemsError} from '@omni-cli/sdk/engine'

/**
 * Refuses what the engine cannot run for want of an image, before anything is packed: UNSUPPORTED with every service and its place,
 * and the commands that make one.
 */
export function refuseSources({resources}: Pick<Manifest, 'resources'>, {name: engine, traits}: ServiceEngine): void {
  const problems = resources.flatMap((resource): FoundProblem[] => {
    if (resource.kind !== 'service') return []
    const what = missingWay(resource.spec, traits.sources)
    if (what === undefined) return []
    const {name, origin, spec} = resource
    const image = `REGISTRY/${name}:1`
    return [
      {
        ...origin,
        code: 'UNSUPPORTED',
        message: `service '${name}' is ${what}, and '${engine}' only runs images of a registry`,
        hint: `omni build ${spec.source ?? '.'} --tag ${image} --push, then 'image: ${image}' in its file`,
      },
    ]
  })
  if (problems.length > 0) throw problemsError(problems)
}

function missingWay(spec: ServiceSpec, ways: ServiceEngine['traits']['sources']): string | undefined {
  if (spec.image !== undefined) return undefined
  const isBuilt = [spec.source, spec.artifact, spec.build].some((given) => given !== undefined)
  if (isBuilt) return ways.includes('build') ? undefined : 'made of sources'
  return spec.command === undefined || ways.includes('command') ? undefined : 'a command of this machine'
}
