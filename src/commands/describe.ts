import * as Args from '@oclif/core/args'
import {BaseCommand, flag, itemView, type View} from '@omni-cli/sdk/cli'
import {resolveTarget} from '../resources/target.ts'

/** `-o json`: the state of the thing. */
export default class Describe extends BaseCommand {
  static override summary = 'show everything about one thing'
  static override examples = [
    '<%= config.bin %> describe service web',
    '<%= config.bin %> describe web',
    '<%= config.bin %> describe release/web/r3 --output yaml',
  ]
  static override args = {
    target: Args.string({required: true, description: 'name, KIND/NAME, or the kind'}),
    name: Args.string({description: 'name, when the first word is a kind'}),
  }
  static override flags = {provider: flag.provider}

  async run(): Promise<View> {
    const {args} = await this.parse(Describe)
    const words = [args.target, args.name].filter((word) => word !== undefined)
    const {signal} = this
    const {kind, ref, name, open, state: found} = await resolveTarget(await this.session(), words, {signal})
    const state = (await open.describe?.(name, {signal})) ?? found
    return itemView({data: kind.withoutSecrets?.(state) ?? state, ref, text: (data) => kind.lines(data)})
  }
}
