import * as Args from '@oclif/core/args'
import {sleep} from '@omni-cli/sdk'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {requireService} from '../../apps/act.ts'
import {canariesView} from '../../apps/canary-view.ts'
import {serviceTarget} from '../../apps/target.ts'

const WATCH_EVERY_MS = 1_000

/** `-o json`: an array of `{service, release, canary}`. */
export default class CanaryStatus extends BaseCommand {
  static override summary = 'show canaries and what the proxy has measured of both versions'
  static override examples = [
    '<%= config.bin %> canary status',
    '<%= config.bin %> canary status web --watch',
    '<%= config.bin %> canary status web --output json',
  ]
  static override args = {
    target: Args.string({description: 'service, e.g. web or service/web; default: all'}),
    name: Args.string({description: 'name, when the first word is a kind'}),
  }
  static override flags = {watch: flag.watch}

  async run(): Promise<View | undefined> {
    const {args, flags} = await this.parse(CanaryStatus)
    const name = args.target === undefined ? undefined : serviceTarget([args.target, args.name])
    if (!flags.watch) return this.#look(name)
    for (;;) {
      await this.show(await this.#look(name))
      await sleep(WATCH_EVERY_MS, this.signal)
    }
  }

  async #look(name: string | undefined): Promise<View> {
    const engine = await (await this.session()).open('service')
    const services =
      name === undefined
        ? await engine.list({signal: this.signal})
        : [await requireService(engine, name, {signal: this.signal})]
    return canariesView(services, new Date())
  }
}
