import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {OmniError, requireFacet} from '@omni-cli/sdk'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {eventSource, eventsView, readEvents} from '../apps/events.ts'

export default class Events extends BaseCommand {
  static override summary = 'show what has happened to services and instances: deploys, crashes, restarts'
  static override description =
    'Oldest first; without --since the newest 100. Following goes on when the server starts anew, and misses nothing. Some backends of instances keep no events: they only tell those that are followed.'
  static override examples = [
    '<%= config.bin %> events',
    '<%= config.bin %> events web --since 10m',
    '<%= config.bin %> events service web --follow',
    '<%= config.bin %> events instances --follow',
    "<%= config.bin %> events --follow --type 'replica.*' --output jsonl",
  ]
  static override args = {
    target: Args.string({description: 'only about this: web, service/web, instances or instance/web'}),
    name: Args.string({description: 'name, when the first word is a kind'}),
  }
  static override flags = {
    follow: flag.follow,
    since: flag.since,
    type: Flags.string({summary: "only types like this: 'replica.*'", helpValue: 'PATTERN'}),
    provider: flag.provider,
    namespace: flag.namespace,
  }

  async run(): Promise<View> {
    const {args, flags} = await this.parse(Events)
    if (flags.follow && (this.format === 'json' || this.format === 'yaml')) {
      throw new OmniError('USAGE', `--follow never ends, so its output cannot be ${this.format}`, {
        hint: 'omni events --follow --output jsonl',
      })
    }
    const {contract, ref} = eventSource(args.target, args.name)
    const session = await this.session()
    const facet =
      contract === 'instance'
        ? requireFacet(await session.open('instance'), 'events')
        : requireFacet(await session.open('service'), 'events')
    const events = readEvents(facet, {
      ref,
      since: flags.since,
      type: flags.type,
      follow: flags.follow,
      signal: this.signal,
      notice: (text) => this.notice(text),
    })
    return eventsView(events)
  }
}
