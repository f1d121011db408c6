import type {ApiObject} from '@omni-cli/sdk'
import {at, numberAt, textMapAt} from '../../fields.ts'
import {ANNOTATION, MODE} from './names.ts'

/** How the operator runs it: what its webhook has noted, else its default. */
export function modeOf(service: ApiObject): string {
  const noted = textMapAt(service, 'metadata', 'annotations')[ANNOTATION.mode]
  if (noted !== undefined) return noted
  if (at(service, 'spec', 'engine', 'leader') !== undefined) return MODE.multiNode
  return numberAt(service, 'spec', 'engine', 'minReplicas') === 0 ? MODE.serverless : MODE.raw
}

/** Its replicas are Deployments or groups that the operator keeps. Else something else makes pods, or nothing does. */
export const hasOwnPods = (service: ApiObject): boolean => {
  const mode = modeOf(service)
  return mode !== MODE.serverless && mode !== MODE.virtual
}
