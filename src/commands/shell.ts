import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag} from '@omni-cli/sdk/cli'
import {execFailure} from '../apps/exec-failure.ts'
import {chooseMachine} from '../machines/choose.ts'
import {openShell} from '../machines/shell.ts'

export default class Shell extends BaseCommand {
  static override summary = 'open a login shell in an instance'
  static override description =
    'The shell of the user in /etc/passwd of the instance, else sh. It needs a terminal; "omni exec" does not. The exit status is that of the shell, or 125 when omni itself failed.'
  static override examples = ['<%= config.bin %> shell worker-1', '<%= config.bin %> shell worker-1 --user app']
  static override strict = false
  static override usage = 'shell NAME'
  static override flags = {
    user: Flags.string({summary: 'number or name of the user inside', helpValue: 'USER'}),
    provider: flag.provider,
  }

  async run(): Promise<undefined> {
    const {argv, flags} = await this.parse(Shell)
    const {signal} = this
    const machine = await chooseMachine(await this.session(), argv.map(String), {signal})
    const {stdin, stdout, stderr} = process
    process.exitCode = await openShell(machine, {user: flags.user, around: {stdin, stdout, stderr, signal}})
    return undefined
  }

  protected override async catch(error: unknown): Promise<never> {
    try {
      return await super.catch(error)
    } catch (failure) {
      throw execFailure(failure)
    }
  }
}
