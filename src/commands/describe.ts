import * as Args from '@oclif/core/args'
import {BaseCommand, flag, itemView, type View} from '@omni-cli/sdk/cli'
import {describeObject} from '../resources/object-details.ts'
import {objectsInWords} from '../resources/object-words.ts'
import {resolveTarget} from '../resources/target.ts'

/** `-o json`: the state of the thing; of an object of a cluster, the object. */
export default class Describe extends BaseCommand {
  static override summary = 'show everything about one thing'
  static override examples = [
    '<%= config.bin %> describe service web',
    '<%= config.bin %> describe web',
    '<%= config.bin %> describe deployment web --namespace shop',
    '<%= config.bin %> describe release/web/r3 --output yaml',
  ]
  static override args = {
    target: Args.string({required: true, description: 'name, KIND/NAME, or the kind'}),
    name: Args.string({description: 'name, when the first word is a kind'}),
  }
  static override flags = {namespace: flag.namespace, provider: flag.provider}

  async run(): Promise<View> {
    const {args} = await this.parse(Describe)
    const words = [args.target, args.name].filter((word) => word !== undefined)
    const {signal} = this
    const session = await this.session()
    const objects =
      words.length > 1 || args.target.includes('/') ? await objectsInWords(session, words, {signal}) : undefined
    if (objects !== undefined) return describeObject(objects, {signal})
    const {kind, ref, name, open, state: found} = await resolveTarget(session, words, {signal})
    const state = (await open.describe?.(name, {signal})) ?? found
    return itemView({data: kind.withoutSecrets?.(state) ?? state, ref, text: (data) => kind.lines(data)})
  }
}
