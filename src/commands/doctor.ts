import {Flags} from '@oclif/core'
import {BaseCommand, omniHome, type View} from '@omni-cli/sdk/cli'
import {doctorView} from '../doctor/doctor-view.ts'
import {examine} from '../doctor/examine.ts'

export default class Doctor extends BaseCommand {
  static override summary = 'look for what is wrong with this installation, and how to put it right'
  static override description =
    `Node, omni's folder and its disk, the configuration, plugins, providers, leftovers of killed processes, completion.
Exit status 9 when something is broken. --fix repairs what can be repaired without losing anything.`
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --fix']
  static override flags = {fix: Flags.boolean({summary: 'repair what can be repaired without a loss'})}
  static needsPlugins = true

  async run(): Promise<View | undefined> {
    const {flags} = await this.parse(Doctor)
    const {config, signal} = this
    const patient = {home: omniHome(), env: process.env, config, session: () => this.session(), signal}
    return doctorView(await examine(patient, {fix: flags.fix}))
  }
}
