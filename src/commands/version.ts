import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'

export default class Version extends BaseCommand {
  static override summary = 'show the versions of omni, of Node and of the plugins'
  static override examples = ['<%= config.bin %> version', '<%= config.bin %> version --json']
  static needsPlugins = true

  async run(): Promise<View | undefined> {
    await this.parse(Version)
    const data = {
      omni: this.config.version,
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
      plugins: this.config
        .getPluginsList()
        .filter((plugin) => !plugin.isRoot)
        .map(({name, version, type}) => ({name, version, type})),
    }
    return itemView({
      data,
      text: () => [
        `omni ${data.omni}`,
        `node ${data.node} ${data.platform}`,
        ...data.plugins.map((plugin) => `${plugin.name} ${plugin.version} (${plugin.type})`),
      ],
    })
  }
}
