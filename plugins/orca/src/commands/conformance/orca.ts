import * as Flags from '@oclif/core/flags'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'

export default class ConformanceOrca extends BaseCommand {
  static override summary = "check that a server keeps the promises of Orca's API"
  static override description =
    'Runs each promise of the API, of its tests and of its guide as a check of its own against any server. Services get names of their own and are removed; nothing else is touched. Exit status 9 when a promise is not kept.'
  static override examples = [
    '<%= config.bin %> conformance orca --url http://127.0.0.1:6880 --token "$ORCA_TOKEN"',
    '<%= config.bin %> conformance orca --image nginx:alpine --port 80 --only webhooks',
    '<%= config.bin %> conformance orca --list',
  ]
  static override flags = {
    url: Flags.string({summary: 'address of the server', default: 'http://127.0.0.1:6880', helpValue: 'URL'}),
    token: Flags.string({
      summary: 'token of an admin; better in ORCA_TOKEN, where nobody sees it',
      env: 'ORCA_TOKEN',
      helpValue: 'TOKEN',
    }),
    'deployer-token': Flags.string({summary: 'token of a deployer', env: 'ORCA_DEPLOYER_TOKEN', helpValue: 'TOKEN'}),
    'viewer-token': Flags.string({summary: 'token of a viewer', env: 'ORCA_VIEWER_TOKEN', helpValue: 'TOKEN'}),
    image: Flags.string({summary: 'image that answers HTTP on the port', default: 'nginx:alpine', helpValue: 'IMAGE'}),
    port: Flags.integer({summary: 'port of the image', default: 80, min: 1, max: 65_535}),
    app: Flags.boolean({summary: 'the image obeys its environment (docs/guide/coming-from-orca.md says how)'}),
    proxy: Flags.string({summary: 'address of the proxy, for the checks of requests', helpValue: 'URL'}),
    only: Flags.string({summary: 'only checks whose group or name contains this text', helpValue: 'TEXT'}),
    list: Flags.boolean({summary: 'show the checks and run none'}),
  }

  async run(): Promise<View> {
    const {flags} = await this.parse(ConformanceOrca)
    const {runChecks, selectChecks, resultView, listedView} = await import('../../conformance/report.ts')
    const checks = selectChecks(flags.only)
    if (flags.list) return listedView(checks)
    const progress = await this.progress()
    const results = await runChecks(
      checks,
      {
        url: flags.url,
        token: flags.token,
        workload: {fields: {image: flags.image, port: flags.port}, isApp: flags.app},
        proxy: flags.proxy,
        tokens: {deployer: flags['deployer-token'], viewer: flags['viewer-token']},
        signal: this.signal,
      },
      progress,
    )
    return resultView(results)
  }
}
