import {type DeviceFit, formatBytes} from '@omni-cli/sdk'
import {itemView, type TextLine, type View} from '@omni-cli/sdk/cli'
import {alignedLines} from './columns.ts'
import type {ModelFit} from './fit.ts'
import {FIT_TONE} from './suggest-view.ts'

const HEADER = ['DEVICES', 'VERDICT', 'WEIGHTS', 'CACHE', 'OF', 'CONTEXT', 'LONGEST', 'WHY']

export const fitView = (found: ModelFit): View<ModelFit> =>
  itemView({
    data: found,
    ref: `model/${found.model}`,
    text: ({model, size, quantization, fits}) => [
      [['model  ', 'dim'], [model, size, quantization].filter((part) => part !== undefined).join(', ')],
      ...batchLine(fits),
      ...alignedLines(HEADER, fits.map(rowOf)),
    ],
  })

function batchLine(fits: readonly DeviceFit[]): TextLine[] {
  const batch = fits[0]?.fit.batch
  return batch === undefined || batch === 1 ? [] : [[['cache  ', 'dim'], `of each of ${batch} sequences at once`]]
}

function rowOf({accelerator, gpuMemoryBytes, fit}: DeviceFit) {
  const memory = gpuMemoryBytes === undefined ? undefined : `${fit.gpus ?? 1} × ${formatBytes(gpuMemoryBytes)}`
  const bytes = (value: number | undefined) => (value === undefined ? '-' : formatBytes(value))
  return [
    [memory, accelerator].filter((part) => part !== undefined).join(' ') || '-',
    [fit.verdict, FIT_TONE[fit.verdict]] as const,
    ...[bytes(fit.weightsBytes), bytes(fit.cacheBytes), bytes(fit.availableBytes)],
    ...[String(fit.contextTokens ?? '-'), String(fit.longestContext ?? '-'), fit.reason],
  ]
}
