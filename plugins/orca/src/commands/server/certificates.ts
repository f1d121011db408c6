import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {findAdmin} from '../../client/admin-open.ts'
import {certificatesView} from '../../client/certificate-view.ts'

export default class ServerCertificates extends BaseCommand {
  static override summary = 'show the certificates of the domains that are served'
  static override description =
    'Where each is from (files of the service, or ordered by ACME), when it ends, why the last order failed, and when the next is made.'
  static override examples = [
    '<%= config.bin %> server certificates',
    '<%= config.bin %> server certificates --output json',
  ]

  async run(): Promise<View> {
    await this.parse(ServerCertificates)
    const server = await findAdmin(this)
    return certificatesView((await server?.admin.certificates(server.call)) ?? [], new Date())
  }
}
