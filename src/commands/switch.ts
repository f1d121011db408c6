import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, type ItemView, itemView, type TextLine} from '@omni-cli/sdk/cli'
import {type Switched, switchProvider} from '../machines/switch.ts'

/** `-o json`: `{context, provider, from, changed, left, refused, problem}`. */
export default class Switch extends BaseCommand {
  static override summary = 'choose what makes machines in this context, for good'
  static override description =
    'Asks the driver first whether it can be used. Machines stay where they are: they are reached again with --provider, or by switching back. For one command only: --provider.'
  static override examples = [
    '<%= config.bin %> switch multipass',
    '<%= config.bin %> switch incus --plan plans/demo.yaml',
    '<%= config.bin %> switch incus --force',
  ]
  static override args = {provider: Args.string({required: true, description: 'id of the driver: incus, multipass'})}
  static override flags = {
    plan: Flags.string({
      char: 'f',
      summary: 'refuse when it cannot honour this plan; repeatable',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    force: Flags.boolean({summary: 'also when it does not answer or cannot honour the plan'}),
  }

  async run(): Promise<ItemView<Switched>> {
    const {args, flags} = await this.parse(Switch)
    const {plan, force} = flags
    const session = await this.session()
    const switched = await switchProvider(session, args.provider, {plan, force, signal: this.signal})
    for (const line of switched.refused) this.notice(`not honoured: ${line}`)
    if (switched.problem !== undefined) this.notice(switched.problem)
    return itemView({data: switched, text: textOf, ref: `context/${switched.context}`})
  }
}

function textOf({context, provider, from, changed, left}: Switched): TextLine[] {
  if (!changed) return [`machines of the context '${context}' are made by ${provider} already`]
  const stay =
    left === undefined
      ? `what ${from} has stays there`
      : left === 0
        ? `${from} has no machines`
        : `${left} ${left === 1 ? 'machine stays' : 'machines stay'} at ${from}: nothing is moved`
  return [
    `machines of the context '${context}' are now made by ${provider}`,
    ...(from === undefined || from === provider ? [] : [stay]),
    ...(left === undefined || left === 0
      ? []
      : [[['try: ', 'dim'], `omni get instances --provider ${from}`] satisfies TextLine]),
  ]
}
