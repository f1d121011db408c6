import * as Flags from '@oclif/core/flags'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {openAdmin} from '../../client/admin-open.ts'
import {newWebhookSecret, readWebhookSecret, webhookUrl} from '../../client/webhook-secret.ts'
import {addedView} from '../../client/webhook-view.ts'

export default class WebhooksAdd extends BaseCommand {
  static override summary = 'redeploy a service at each push to a repository'
  static override description =
    'Prints what to enter at GitHub, Gitea or Forgejo. Unsigned pushes are refused, so without a file a secret is made, and printed once.'
  static override examples = [
    '<%= config.bin %> webhooks add --repo org/myapp --service myapp --branch main',
    "<%= config.bin %> webhooks add --repo org/mono --service api --path 'api/**' --path 'shared/**'",
    "<%= config.bin %> webhooks add --repo org/myapp --service myapp --tag 'v*' --secret-file ./secret",
  ]
  static override flags = {
    repo: Flags.string({summary: 'repository at the forge', helpValue: 'ORG/NAME', required: true}),
    service: Flags.string({summary: 'service to redeploy', helpValue: 'NAME', required: true}),
    branch: Flags.string({summary: 'branch or pattern; default: main, with --tag none', helpValue: 'NAME'}),
    tag: Flags.string({summary: 'also pushes of tags like this', helpValue: 'PATTERN'}),
    path: Flags.string({summary: 'only when such a file changes; repeatable', helpValue: 'PATTERN', multiple: true}),
    'secret-file': Flags.string({summary: 'read the secret from there; "-" is stdin', helpValue: 'PATH'}),
  }

  async run(): Promise<View> {
    const {flags} = await this.parse(WebhooksAdd)
    const {repo, service, branch, tag} = flags
    const file = flags['secret-file']
    const secret = file === undefined ? newWebhookSecret() : await readWebhookSecret(file)
    const {webhooks, call, url: server, home} = await openAdmin(this)
    await webhooks.add({repo, service, branch, tag, paths: flags.path, secret}, call)
    const {url, isLoopback} = webhookUrl(server, home)
    if (isLoopback)
      this.notice('the forge must reach this machine: give the URL its public name, or put a proxy before it')
    return addedView({repo, service, url, ...(file === undefined ? {secret} : {})})
  }
}
