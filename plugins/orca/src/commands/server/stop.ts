import * as Flags from '@oclif/core/flags'
import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {type StopOutcome, stopServer} from '../../client/stop-server.ts'

export default class ServerStop extends BaseCommand {
  static override summary = 'stop the local engine; services go on running unless told otherwise'
  static override description =
    'With --workloads stop, the services and the proxy are stopped first. They run again when the engine starts again; what `omni stop NAME` has stopped stays so.'
  static override examples = ['<%= config.bin %> server stop', '<%= config.bin %> server stop --workloads stop']
  static override flags = {
    workloads: Flags.option({
      options: ['keep', 'stop'] as const,
      default: 'keep',
      summary: 'what becomes of the services that run',
    })(),
  }

  async run(): Promise<View> {
    const {flags} = await this.parse(ServerStop)
    const {home} = await this.session()
    const progress = await this.progress()
    const data = await progress.step('stopping the local engine', (step) =>
      stopServer({home, workloads: flags.workloads, signal: this.signal, onProgress: (note) => step.note(note)}),
    )
    return itemView({data, text: (outcome) => [summaryOf(outcome)]})
  }
}

function summaryOf({wasRunning, workloads, keptServices}: StopOutcome): string {
  if (!wasRunning && workloads === 'keep') return 'the local engine was not running'
  if (workloads === 'stop') return 'the local engine, its services and the proxy have ended'
  if (keptServices.length === 0) return 'the local engine has ended; no service was running'
  return `the local engine has ended; still running without supervision by it: ${keptServices.join(', ')}`
}
