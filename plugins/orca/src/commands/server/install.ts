import {userInfo} from 'node:os'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {installUnit} from '../../client/install-unit.ts'
import {parseListen} from '../../client/listen-address.ts'
import {enableCommands, unitPath, unitText} from '../../client/systemd-unit.ts'
import {programPath} from '../../programs.ts'

export default class ServerInstall extends BaseCommand {
  static override summary = 'write a systemd unit that keeps the local engine running'
  static override description =
    'The unit is for this user unless --system is given, which needs root. Nothing is enabled: the commands for that are printed.'
  static override examples = [
    '<%= config.bin %> server install --dry-run',
    '<%= config.bin %> server install',
    'sudo <%= config.bin %> server install --system --listen 0.0.0.0:6880',
  ]
  static override flags = {
    system: Flags.boolean({summary: 'a unit of the machine, in /etc/systemd/system'}),
    listen: Flags.string({summary: 'address of the API', helpValue: 'HOST:PORT'}),
    'dry-run': Flags.boolean({summary: 'print the unit and write nothing'}),
  }

  async run(): Promise<View> {
    const {flags} = await this.parse(ServerInstall)
    const {home} = await this.session()
    if (flags.listen !== undefined) parseListen(flags.listen)
    const scope = flags.system ? 'system' : 'user'
    const user = (flags.system && process.env.SUDO_USER) || userInfo().username
    const path = unitPath(scope, process.env)
    const program = programPath('server')
    const unit = unitText({scope, home, node: process.execPath, program, listen: flags.listen, user})
    const commands = enableCommands(scope, user)
    if (!flags['dry-run']) await installUnit(path, unit)
    return itemView({
      data: {path, written: !flags['dry-run'], unit, enable: commands},
      text: (data) =>
        data.written
          ? [`wrote ${path}; switch it on with:`, ...commands.map((command) => `  ${command}`)]
          : unit.trimEnd().split('\n'),
    })
  }
}
