import * as Args from '@oclif/core/args'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {serviceTarget} from '../apps/target.ts'
import {diagnose} from '../debug/diagnosis.ts'
import {diagnosisView} from '../debug/diagnosis-view.ts'

/** `-o json`: `{service, status, ready, desired, ok, findings: [{rule, severity, message, evidence, fix?}]}`, causes first. */
export default class Debug extends BaseCommand {
  static override summary = 'find out why a service does not serve'
  static override description =
    'Looks at what the service needs (model, runtime, devices, images, volumes, probes, the way of requests, what decides about its number), reads the last lines of what has ended, and asks its endpoints. Shows the causes with their evidence and the command that fixes each. Changes nothing. Exit status 9 when there is a cause.'
  static override examples = ['<%= config.bin %> debug service llama', '<%= config.bin %> debug web --output json']
  static override args = {
    target: Args.string({required: true, description: 'service, e.g. web or service/web'}),
    name: Args.string({description: 'name, when the first word is a kind'}),
  }
  static override flags = {namespace: flag.namespace}

  async run(): Promise<View> {
    const {args} = await this.parse(Debug)
    const name = serviceTarget([args.target, args.name])
    const engine = await (await this.session()).open('service')
    return diagnosisView(await diagnose(engine, name, {signal: this.signal}))
  }
}
