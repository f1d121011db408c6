import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, paintFor, parseLabels} from '@omni-cli/sdk/cli'
import {componentName} from '../apps/component.ts'
import {logStyle} from '../apps/log-style.ts'
import {streamLogs} from '../apps/stream-logs.ts'
import {serviceTarget} from '../apps/target.ts'
import {choose} from '../machines/choose.ts'
import {readLogs} from '../machines/logs/read.ts'

export default class Logs extends BaseCommand {
  static override summary = 'show what services and instances print'
  static override description =
    'Lines of all replicas, in the order of their times, also of replicas that have ended. Of an instance: its journal, else its system log, else its console. Several are merged by time. The level of a line is read from JSON, logfmt, the journal and the usual prefixes; a line that states none counts as info.'
  static override examples = [
    '<%= config.bin %> logs web',
    '<%= config.bin %> logs web --follow --tail 20',
    '<%= config.bin %> logs service web --since 10m --level error --output jsonl',
    '<%= config.bin %> logs web worker-1 worker-2 --since 1h',
    '<%= config.bin %> logs instances --label role=worker --follow',
  ]
  static override strict = false
  static override usage = 'logs NAME... | [KIND] --label KEY=VALUE'
  static override flags = {
    label: flag.labels,
    follow: flag.follow,
    tail: flag.tail,
    since: flag.since,
    level: flag.level,
    replica: flag.replica,
    component: Flags.string({summary: 'process of the application: service APP-COMPONENT'}),
    timestamps: Flags.boolean({allowNo: true, default: true, summary: 'show the time of each line'}),
    raw: Flags.boolean({summary: 'print control characters of the program as they are'}),
    provider: flag.provider,
    namespace: flag.namespace,
  }

  async run(): Promise<undefined> {
    const {argv, flags} = await this.parse(Logs)
    const {signal} = this
    const given = argv.map(String)
    const {component} = flags
    const words = component === undefined ? given : [`service/${componentName(serviceTarget(given), component)}`]
    const labels = flags.label === undefined ? undefined : parseLabels(flags.label)
    const chosen = await choose(await this.session(), {words, labels}, {signal})
    const {tail, since, follow, replica} = flags
    const lines = readLogs(chosen, {tail, since, follow, replica, signal, notice: (text) => this.notice(text)})
    const style = logStyle({
      paint: paintFor(process.stdout, process.env, flags['no-color']),
      isColoured: process.stdout.isTTY === true && !flags['no-color'] && !process.env.NO_COLOR,
      raw: flags.raw,
      timestamps: flags.timestamps,
    })
    await streamLogs(lines, {format: this.format, follow, level: flags.level, style}, (text) => this.write(text))
    return undefined
  }
}
