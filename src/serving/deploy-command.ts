import {OmniError} from '@omni-cli/sdk'
import {type BaseCommand, parseLabels, type View} from '@omni-cli/sdk/cli'
import {deployModel} from './deploy.ts'
import type {ModelFlags} from './deploy-flags.ts'
import {canaryShare} from './traffic-split.ts'
import {parseTarget, type ServingWish, servingSpec} from './wish.ts'

export interface ModelDeploy {
  readonly words: readonly string[]
  readonly flags: ModelFlags
  /** `--canary` stood there, with or without a number. */
  readonly isCanary: boolean
}

/** `deploy MODEL --name NAME …` and `deploy --batch FILE`. */
export async function runModelDeploy(
  command: BaseCommand,
  {words, flags, isCanary}: ModelDeploy,
): Promise<View | undefined> {
  const options = {dryRun: flags['dry-run'], yes: flags.yes, wait: flags.wait, timeoutMs: flags.timeout}
  if (flags.batch !== undefined) {
    if (words.length > 0) throw new OmniError('USAGE', `--batch names the models itself: '${words[0]}' is too much`)
    const {deployBatch} = await import('./batch/deploy-batch.ts')
    return deployBatch(command, {file: flags.batch, resume: flags.resume}, options)
  }
  const {preferences} = (await command.session()).config
  const canary = canaryShare({isAsked: isCanary, canary: flags.canary, split: flags['traffic-split']})
  return deployModel(command, servingSpec({...wishOf(words, flags), canary}, preferences), options)
}

function wishOf(words: readonly string[], flags: ModelFlags): ServingWish {
  return {
    ...{name: flags.name ?? '', model: modelOf(words), runtime: flags.runtime, replicas: flags.replicas},
    ...{autoscale: flags.autoscale, minReplicas: flags['min-replicas'], maxReplicas: flags['max-replicas']},
    ...{
      metric: flags.metric,
      target: parseTarget(flags.target),
      accelerator: flags.accelerator,
      decoder: flags.decoder,
    },
    labels: flags.label === undefined ? undefined : parseLabels(flags.label),
  }
}

/** `llama`, `model llama`, `model/llama`. */
function modelOf(words: readonly string[]): string {
  const [first, second, ...more] = words
  const isKind = first === 'model' || first === 'models'
  const name = isKind && second !== undefined ? second : first?.replace(/^models?\//, '')
  const rest = isKind && second !== undefined ? more : words.slice(1)
  if (name !== undefined && rest.length === 0) return name
  throw new OmniError('USAGE', 'name one model: omni deploy MODEL --name NAME', {hint: 'omni get models'})
}
