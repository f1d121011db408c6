import {at, listAt, textAt} from '../../fields.ts'
import {type ComponentState, componentsOf, operatorAnnotation, type Parts, podsOfComponent} from './component.ts'
import {ANNOTATION} from './names.ts'
import {isObserved} from './status.ts'
import {worst} from './trouble.ts'

/** How far a service is, in a few words: what is waited for now. */
export function phaseOf(parts: Parts): string {
  const {service} = parts
  const isNew = listAt(service, 'status', 'conditions').length === 0
  if (isNew || !isObserved(service)) return `${isNew ? 'created' : 'changed'}; waiting for the operator`
  const components = componentsOf(parts)
  const waiting = components.filter(({exists, ready, desired, isUpToDate}) => !exists || ready < desired || !isUpToDate)
  const [first] = waiting
  const runtime = textAt(service, 'spec', 'runtime', 'name') ?? operatorAnnotation(parts, ANNOTATION.runtime)
  if (first === undefined) return 'all replicas are ready; waiting for the operator'
  if (!first.exists) return `runtime ${runtime ?? 'not chosen yet'}; ${first.name}: not made yet`
  return waiting.map((component) => componentPhase(parts, component)).join('; ')
}

function componentPhase(parts: Parts, component: ComponentState): string {
  const {name, ready, desired} = component
  const head = `${name} ${ready}/${desired}`
  const trouble = worst(component.troubles)
  if (trouble === undefined) return ready < desired ? `${head}: almost there` : `${head}: pods are being exchanged`
  if (trouble.kind !== 'starting' && trouble.kind !== 'unready') {
    return `${head}: ${trouble.message.replace(`${name}: `, '')}`
  }
  const pod = podsOfComponent(parts, name).find((one) => one.metadata.name === trouble.pod)
  if (trouble.kind === 'unready') return `${head}: loading the model`
  return `${head}: ${startPhase(pod)}`
}

function startPhase(pod: unknown): string {
  if (textAt(pod, 'spec', 'nodeName') === undefined) return 'waiting for a node'
  const init = listAt(pod, 'status', 'initContainerStatuses').find(
    (status) => at(status, 'state', 'running') !== undefined,
  )
  if (init !== undefined) return `preparing (${textAt(init, 'name') ?? 'init'})`
  return `pulling the image on ${textAt(pod, 'spec', 'nodeName')}`
}
