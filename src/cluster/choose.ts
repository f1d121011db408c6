import type {ClusterContext} from '@omni-cli/sdk'
import {askChoice} from '@omni-cli/sdk/cli'

/** Asks which context of the kubeconfig is meant; the current one comes first. */
export const chooseContext = (contexts: readonly ClusterContext[], signal: AbortSignal): Promise<string> =>
  askChoice(
    'which cluster?',
    contexts
      .toSorted((a, b) => Number(b.current) - Number(a.current))
      .map(({name, server, current}) => ({value: name, name: `${name}${current ? ' (current)' : ''}  ${server}`})),
    {signal},
  )
