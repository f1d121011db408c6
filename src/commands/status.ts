import * as Args from '@oclif/core/args'
import {sleep} from '@omni-cli/sdk'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {observeAll} from '../status/overview.ts'
import {overviewView} from '../status/overview-view.ts'
import {statusOf} from '../status/status-of.ts'

const WATCH_EVERY_MS = 1_000
/** Cursor to the top left, then everything below it cleared: no flicker between two pictures. */
const [HOME, CLEAR_BELOW, CLEAR_ALL] = ['\u001b[H', '\u001b[J', '\u001b[2J']

export default class Status extends BaseCommand {
  static override summary = 'show everything in the context on one screen, what needs attention first'
  static override description = 'Exit status 9 when something that should run does not.'
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status web',
    '<%= config.bin %> status service web --output json',
    '<%= config.bin %> status instance/worker-1',
    '<%= config.bin %> status --watch',
  ]
  static override args = {
    target: Args.string({description: 'service or instance, e.g. web or instance/web; default: everything'}),
    name: Args.string({description: 'name, when the first word is a kind'}),
  }
  static override flags = {watch: flag.watch, namespace: flag.namespace}

  async run(): Promise<View | undefined> {
    const {args, flags} = await this.parse(Status)
    const words = [args.target, args.name].filter((word) => word !== undefined)
    if (!flags.watch) return this.#look(words)
    const isScreen = process.stdout.isTTY === true && (this.format === 'table' || this.format === 'wide')
    if (isScreen) await this.write(CLEAR_ALL)
    for (;;) {
      const view = await this.#look(words)
      if (isScreen) await this.write(HOME + CLEAR_BELOW)
      await this.show(view)
      await sleep(WATCH_EVERY_MS, this.signal)
    }
  }

  async #look(words: readonly string[]): Promise<View> {
    const session = await this.session()
    if (words.length > 0) return statusOf(session, words, {signal: this.signal})
    return overviewView(await observeAll(session, {signal: this.signal}), new Date())
  }
}
