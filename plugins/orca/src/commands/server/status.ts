import {formatDuration} from '@omni-cli/sdk'
import {BaseCommand, itemView, type TextLine, type View} from '@omni-cli/sdk/cli'
import {readServerStatus, type ServerStatus} from '../../client/server-status.ts'

/** Exit status of UNAVAILABLE: the question was answered, and the answer is no. */
const NOT_RUNNING_EXIT = 7

export default class ServerStatusCommand extends BaseCommand {
  static override summary = 'show whether the local engine runs, and where'
  static override description = 'Exit status 0 when it runs, 7 when it does not. Nothing is started.'
  static override examples = ['<%= config.bin %> server status', '<%= config.bin %> server status --output json']

  async run(): Promise<View> {
    await this.parse(ServerStatusCommand)
    const {home} = await this.session()
    const data = await readServerStatus(home)
    return itemView({data, text: linesOf, exitCode: data.running ? 0 : NOT_RUNNING_EXIT})
  }
}

function linesOf(status: ServerStatus): TextLine[] {
  const edge = status.edge.running ? `runs (process ${status.edge.pid})` : 'does not run'
  if (!status.running) {
    return [
      ['server    ', ['does not run', 'bad'], '; start it with: omni server start'],
      `proxy     ${edge}`,
      ...(status.hasServices ? [`services  ${leftServices(status)}`] : []),
      `home      ${status.home}`,
    ]
  }
  const services = status.services ?? {total: 0, running: 0}
  return [
    ['server    ', ['runs', 'good'], ` (process ${status.pid}) for ${formatDuration(status.uptimeMs ?? 0)}`],
    ...(status.problem === undefined ? [] : [['problem   ', [status.problem, 'bad']] satisfies TextLine]),
    `version   ${status.version}`,
    `url       ${status.url ?? '-'}`,
    `socket    ${status.socket}`,
    `proxy     ${edge}`,
    `services  ${services.running} of ${services.total} running`,
    `log       ${status.log}`,
  ]
}

/** The proxy ends with the last service. */
const leftServices = ({edge}: ServerStatus): string =>
  edge.running
    ? 'those that ran go on running; the next start takes them over'
    : 'none is served; the next start brings back those that are wanted'
