import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {OmniError, requireFacet} from '@omni-cli/sdk'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {requireService} from '../apps/act.ts'
import {execIn} from '../apps/exec.ts'
import {execFailure} from '../apps/exec-failure.ts'
import {serviceTarget} from '../apps/target.ts'

export default class Exec extends BaseCommand {
  static override summary = 'run a program inside a replica of a service'
  static override description =
    "The program gets the environment and folder of the replica; on a terminal it gets a terminal of its own. The exit status is the program's: 126 and 127 when it cannot be started, 128 + n for a signal. 125 means that omni itself failed, and stderr says why."
  static override examples = [
    '<%= config.bin %> exec web -- sh',
    '<%= config.bin %> exec web --replica 1 -- node --version',
    '<%= config.bin %> exec db --stdin -- psql < dump.sql',
    '<%= config.bin %> exec web --output json -- cat /etc/hostname',
  ]
  static override strict = false
  static override args = {
    service: Args.string({
      required: true,
      description: 'service, e.g. web or service/web; the program follows after --',
    }),
  }
  static override flags = {
    replica: flag.replica,
    tty: Flags.boolean({
      char: 't',
      allowNo: true,
      summary: 'give the program a terminal (default: when stdin and stdout are one)',
    }),
    stdin: Flags.boolean({char: 'i', summary: 'pass stdin on; with a terminal it always is'}),
  }

  async run(): Promise<View | undefined> {
    const {args, argv, flags} = await this.parse(Exec)
    const name = serviceTarget([args.service])
    const words = argv.slice(1).map(String)
    if (words.length === 0) {
      throw new OmniError('USAGE', 'name the program to run', {hint: `omni exec ${name} -- sh`})
    }
    const engine = await (await this.session()).open('service')
    const facet = requireFacet(engine, 'exec')
    await requireService(engine, name, {signal: this.signal})
    const isData = !['table', 'wide', 'name'].includes(this.format)
    const {stdin, stdout, stderr} = process
    const {exitCode, view} = await execIn(
      facet,
      {name, argv: words},
      {
        choice: {replica: flags.replica, tty: flags.tty, stdin: flags.stdin, isData},
        around: {stdin, stdout, stderr, signal: this.signal},
      },
    )
    process.exitCode = exitCode
    return view
  }

  protected override async catch(error: unknown): Promise<never> {
    try {
      return await super.catch(error)
    } catch (failure) {
      throw execFailure(failure)
    }
  }
}
