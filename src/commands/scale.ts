import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {requireService} from '../apps/act.ts'
import {componentName} from '../apps/component.ts'
import {parseScale} from '../apps/scale.ts'
import {actView} from '../apps/service-view.ts'

export default class Scale extends BaseCommand {
  static override summary = 'change how many replicas of a service run'
  static override description =
    'Ends when that many replicas were seen ready. Replicas that go away finish the requests they have. A service with replicas: auto, or one that cron triggers run, is refused: something else decides about its number. A served model with --replicas has exactly that many; with --min and --max its autoscaler decides between them.'
  static override examples = [
    '<%= config.bin %> scale web 3',
    '<%= config.bin %> scale service web --replicas 3',
    '<%= config.bin %> scale shop 2 --component worker',
    '<%= config.bin %> scale service prod-llama --min 2 --max 10',
  ]
  static override args = {
    target: Args.string({required: true, description: 'service, e.g. web or service/web'}),
    second: Args.string({description: 'number of replicas, or the name when the first word is a kind'}),
    third: Args.string({description: 'number of replicas'}),
  }
  static override flags = {
    replicas: Flags.integer({min: 0, max: 1000, summary: 'number of replicas', helpValue: 'N'}),
    min: Flags.integer({min: 1, max: 1000, summary: 'fewest replicas of a served model', helpValue: 'N'}),
    max: Flags.integer({min: 1, max: 1000, summary: 'most replicas of a served model', helpValue: 'N'}),
    component: Flags.string({summary: 'process of the application: service APP-COMPONENT'}),
    namespace: flag.namespace,
  }

  async run(): Promise<View> {
    const {args, flags} = await this.parse(Scale)
    if (flags.min !== undefined || flags.max !== undefined) {
      const {resizeModel} = await import('../serving/resize.ts')
      const words = [args.target, args.second, args.third].filter((word) => word !== undefined)
      return resizeModel(this, words, {min: flags.min, max: flags.max, replicas: flags.replicas})
    }
    const wanted = parseScale([args.target, args.second, args.third], flags.replicas)
    const name = componentName(wanted.name, flags.component)
    const engine = await (await this.session()).open('service')
    const before = await requireService(engine, name, {signal: this.signal})
    const progress = await this.progress()
    const service = await progress.step(`scale ${name} from ${before.desiredReplicas} to ${wanted.replicas}`, (step) =>
      engine.scale(name, wanted.replicas, {signal: this.signal, onProgress: (note) => step.note(note)}),
    )
    return actView([service], `has ${service.runningReplicas} ready replicas`)
  }
}
