import * as Flags from '@oclif/core/flags'
import {OmniError} from '@omni-cli/sdk'
import {flag} from '@omni-cli/sdk/cli'

/** Flags of `deploy` that are about serving a model. */
export const modelFlags = {
  name: Flags.string({summary: 'serve a model under this name', helpValue: 'NAME', exclusive: ['file', 'env', 'auto']}),
  runtime: Flags.string({
    summary: 'runtime that serves it; auto, the default: the one that the operator chooses',
    helpValue: 'NAME',
  }),
  replicas: Flags.integer({min: 0, max: 1000, summary: 'number of replicas', helpValue: 'N'}),
  autoscale: Flags.boolean({summary: 'as many replicas as the load needs', allowNo: true}),
  'min-replicas': Flags.integer({min: 1, max: 1000, summary: 'fewest replicas', helpValue: 'N'}),
  'max-replicas': Flags.integer({min: 1, max: 1000, summary: 'most replicas', helpValue: 'N'}),
  metric: Flags.string({summary: 'what decides about replicas: cpu, memory, queue, …', helpValue: 'METRIC'}),
  target: Flags.string({summary: 'what one replica should have of it', helpValue: 'N'}),
  accelerator: Flags.string({summary: 'AcceleratorClass that it needs', helpValue: 'NAME'}),
  decoder: Flags.boolean({summary: 'prefill and decode in pods of their own, for runtimes that have both'}),
  label: Flags.string({
    char: 'l',
    summary: 'label of the new service, which its pods get, too; repeatable',
    helpValue: 'KEY=VALUE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'traffic-split': Flags.string({
    summary: 'percent for the version before and the new one',
    helpValue: 'prev:90,canary:10',
  }),
  batch: Flags.string({
    summary: 'file that names many models',
    helpValue: 'FILE',
    exclusive: ['name', 'file', 'env', 'auto'],
  }),
  resume: Flags.boolean({summary: 'only what the batch has not brought up yet', dependsOn: ['batch']}),
  wait: flag.wait,
  timeout: flag.timeout(),
}

/** What `deploy` parses, as far as a served model needs it. */
export interface ModelFlags {
  readonly name?: string | undefined
  readonly runtime?: string | undefined
  readonly replicas?: number | undefined
  readonly autoscale?: boolean | undefined
  readonly 'min-replicas'?: number | undefined
  readonly 'max-replicas'?: number | undefined
  readonly metric?: string | undefined
  readonly target?: string | undefined
  readonly accelerator?: string | undefined
  readonly decoder: boolean
  readonly label?: readonly string[] | undefined
  readonly canary?: number | undefined
  readonly 'traffic-split'?: string | undefined
  readonly batch?: string | undefined
  readonly resume: boolean
  readonly wait: boolean
  readonly timeout?: number | undefined
  readonly 'dry-run': boolean
  readonly yes: boolean
}

/** USAGE for a flag about a model where none is deployed. */
export function refuseModelFlags(flags: Readonly<Record<string, unknown>>, argv: readonly string[]): void {
  const names = Object.keys(modelFlags).filter((name) => name !== 'name' && name !== 'batch')
  const given = names.find((name) => argv.some((word) => isFlag(word, name)) && flags[name] !== undefined)
  if (given === undefined) return
  throw new OmniError('USAGE', `--${given} is for serving a model, which needs a name`, {
    hint: `omni deploy MODEL --name NAME --${given} …`,
  })
}

const isFlag = (word: string, name: string): boolean =>
  word === `--${name}` ||
  word === `--no-${name}` ||
  word.startsWith(`--${name}=`) ||
  (name === 'label' && word === '-l')
