import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {versionsOf} from '../manifest/versions.ts'

export default class Version extends BaseCommand {
  static override summary = 'show the versions of omni, of Node and of the plugins'
  static override examples = ['<%= config.bin %> version', '<%= config.bin %> version --json']
  static needsPlugins = true

  async run(): Promise<View | undefined> {
    await this.parse(Version)
    return itemView({
      data: versionsOf(this.config),
      text: ({omni, node, platform, plugins}) => [
        `omni ${omni}`,
        `node ${node} ${platform}`,
        ...plugins.map(({name, version, type}) => `${name} ${version} (${type})`),
      ],
    })
  }
}
