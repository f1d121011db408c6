import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {requireFacet} from '@omni-cli/sdk'
import {BaseCommand, flag, paintFor} from '@omni-cli/sdk/cli'
import {requireService} from '../apps/act.ts'
import {componentName} from '../apps/component.ts'
import {readPieces, requireLines} from '../apps/log-lines.ts'
import {logStyle} from '../apps/log-style.ts'
import {streamLogs} from '../apps/stream-logs.ts'
import {serviceTarget} from '../apps/target.ts'

export default class Logs extends BaseCommand {
  static override summary = 'show what the replicas of a service print'
  static override description =
    'Lines of all replicas, in the order of their times, also of replicas that have ended. The level of a line is read from JSON, logfmt and the usual prefixes; a line that states none counts as info.'
  static override examples = [
    '<%= config.bin %> logs web',
    '<%= config.bin %> logs web --follow --tail 20',
    '<%= config.bin %> logs service web --since 10m --level error --output jsonl',
  ]
  static override args = {
    target: Args.string({required: true, description: 'service, e.g. web or service/web'}),
    name: Args.string({description: 'name, when the first word is a kind'}),
  }
  static override flags = {
    follow: flag.follow,
    tail: flag.tail,
    since: flag.since,
    level: flag.level,
    replica: flag.replica,
    component: Flags.string({summary: 'process of the application: service APP-COMPONENT'}),
    timestamps: Flags.boolean({allowNo: true, default: true, summary: 'show the time of each line'}),
    raw: Flags.boolean({summary: 'print control characters of the program as they are'}),
  }

  async run(): Promise<undefined> {
    const {args, flags} = await this.parse(Logs)
    const name = componentName(serviceTarget([args.target, args.name]), flags.component)
    const engine = await (await this.session()).open('service')
    const facet = requireFacet(engine, 'logs')
    const service = await requireService(engine, name, {signal: this.signal})
    const lines = readPieces(facet, name, {
      tail: flags.tail,
      since: flags.since,
      follow: flags.follow,
      replica: flags.replica,
      signal: this.signal,
    })
    const style = logStyle({
      paint: paintFor(process.stdout, process.env, flags['no-color']),
      isColoured: process.stdout.isTTY === true && !flags['no-color'] && !process.env.NO_COLOR,
      raw: flags.raw,
      timestamps: flags.timestamps,
    })
    const known = flags.replica === undefined ? lines : requireLines(lines, service, flags.replica)
    const options = {format: this.format, follow: flags.follow, level: flags.level, style}
    await streamLogs(known, options, (text) => this.write(text))
    return undefined
  }
}
