import {basename} from 'node:path'
import {Args} from '@oclif/core'
import {OmniError} from '@omni-cli/sdk'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {completionScript, INSTALLATION, SHELLS} from '../completion/scripts.ts'

export default class Completion extends BaseCommand {
  static override summary = 'print the script that completes commands, flags and names in your shell'
  static override description =
    `Commands, flags, their values, and names of services, contexts and providers complete; the names come from
a cache that is renewed behind your back.

${Object.values(INSTALLATION).join('\n')}`
  static override examples = [
    'source <(<%= config.bin %> completion bash)',
    '<%= config.bin %> completion fish | source',
  ]
  static override args = {
    shell: Args.string({description: 'bash, zsh, fish or powershell; default: that of $SHELL', options: [...SHELLS]}),
  }

  async run(): Promise<View | undefined> {
    const {args} = await this.parse(Completion)
    const wanted = args.shell ?? basename(process.env.SHELL ?? '')
    const shell = SHELLS.find((name) => name === wanted)
    if (shell === undefined) {
      throw new OmniError('USAGE', `there is no completion for '${wanted}'`, {hint: 'omni completion bash'})
    }
    await this.write(completionScript(shell))
    return undefined
  }
}
