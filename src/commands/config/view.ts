import * as Flags from '@oclif/core/flags'
import {redact} from '@omni-cli/sdk'
import {
  BaseCommand,
  configFileIn,
  itemView,
  listView,
  loadConfig,
  omniHome,
  readConfigText,
  type View,
} from '@omni-cli/sdk/cli'
import {type EffectiveSetting, effectiveSettings} from '../../config/effective.ts'
import {valueLines} from '../../config/text.ts'

export default class ConfigView extends BaseCommand {
  static override summary = 'show the configuration, or what is in force and why'
  static override description =
    'Secrets are masked. With --origin: every value in force and where it comes from, in the order flag, OMNI_* variable, context, preferences, default.'
  static override examples = [
    '<%= config.bin %> config view',
    '<%= config.bin %> config view --origin',
    '<%= config.bin %> config view --output json > config.json',
  ]
  static override flags = {
    origin: Flags.boolean({summary: 'show each value in force and where it comes from'}),
    'show-secrets': Flags.boolean({summary: 'show secrets that stand in the file'}),
  }

  async run(): Promise<View> {
    const {flags} = await this.parse(ConfigView)
    if (flags.origin) return this.#origins(flags)
    const {config} = await loadConfig(omniHome())
    const data = flags['show-secrets'] ? config : redact(config)
    const lines = await valueLines(data)
    return itemView({data, text: () => lines})
  }

  async #origins(flags: {readonly context?: string | undefined; readonly output?: string | undefined}): Promise<View> {
    const session = await this.session()
    const rows = await effectiveSettings({
      env: process.env,
      configFile: configFileIn(session.home),
      config: session.config,
      text: (await readConfigText(session.configFile)) ?? '',
      context: session.context.name,
      flags,
    })
    return listView<EffectiveSetting>({
      rows,
      columns: [
        {header: 'KEY', value: (row) => row.key},
        {
          header: 'VALUE',
          value: ({value}) => (typeof value === 'object' ? JSON.stringify(value) : String(value ?? '')),
        },
        {header: 'ORIGIN', value: (row) => row.origin, tone: ({origin}) => (origin === 'default' ? 'dim' : 'plain')},
      ],
      ref: ({key}) => `setting/${key}`,
      empty: 'nothing is set',
    })
  }
}
