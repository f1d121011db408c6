import * as Flags from '@oclif/core/flags'
import {requireFacet} from '@omni-cli/sdk'
import {BaseCommand, flag, toJson, toYaml} from '@omni-cli/sdk/cli'
import {forwardText, openForwards, untilInterrupted} from '../forward/open-forwards.ts'
import {parseForward} from '../forward/port-words.ts'

/** `-o json`: `{service, forwards: [{address, replica, remote?}]}`, printed once when all ports listen. */
export default class PortForward extends BaseCommand {
  static override summary = 'make ports of a service reachable on this machine'
  static override description =
    'Without a port it is the one that answers requests, on a free port here. 8080 is the same port on both sides, 9000:8080 another one here, :8080 a free one. Goes on until it is interrupted: when the replica behind it goes away, another takes its place, and stderr says so.'
  static override examples = [
    '<%= config.bin %> port-forward service llama 8080:8080',
    '<%= config.bin %> port-forward web 9000:8080 :9090',
    '<%= config.bin %> port-forward web --replica 1',
    '<%= config.bin %> port-forward web --output json',
  ]
  static override strict = false
  static override usage = 'port-forward [service] NAME [[LOCAL]:]REMOTE...'
  static override flags = {
    address: Flags.string({
      summary: 'address of this machine to listen on; with 0.0.0.0 everybody who reaches it gets in',
      helpValue: 'IP',
      default: '127.0.0.1',
    }),
    replica: flag.replica,
    namespace: flag.namespace,
  }

  async run(): Promise<undefined> {
    const {argv, flags} = await this.parse(PortForward)
    const {name, ports} = parseForward(argv.map(String))
    const {signal} = this
    const facet = requireFacet(await (await this.session()).open('service'), 'forward')
    const onChange = (note: string) => this.notice(note)
    const {address: host, replica} = flags
    await using open = await openForwards(facet, {name, ports, host, replica, signal, onChange})
    const {service, forwards} = open
    if (this.format === 'json') await this.write(`${toJson({service, forwards})}\n`)
    else if (this.format === 'jsonl') await this.write(`${toJson({service, forwards}, 0)}\n`)
    else if (this.format === 'yaml') await this.write(await toYaml({service, forwards}))
    for (const forward of forwards) this.notice(forwardText(forward))
    // Without the await the ports would be closed first.
    return await untilInterrupted(signal)
  }
}
