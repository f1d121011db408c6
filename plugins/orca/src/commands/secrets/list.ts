import * as Flags from '@oclif/core/flags'
import {BaseCommand, type ListView, listView} from '@omni-cli/sdk/cli'
import {chooseProject, findSecrets, scopeFlags} from '../../client/secrets-command.ts'
import {type SecretName, secretLabel} from '../../secrets/reference.ts'

interface Row extends SecretName {
  /** `missing`: services ask for it and nobody has set it. */
  readonly status: 'set' | 'missing'
  readonly usedBy: readonly string[]
  readonly updatedAt?: string | undefined
  readonly updatedBy?: string | undefined
}

export default class SecretsList extends BaseCommand {
  static override summary = 'list secrets, who uses them, and what is missing; never a value'
  static override examples = [
    '<%= config.bin %> secrets list',
    '<%= config.bin %> secrets list --project shop',
    '<%= config.bin %> secrets list --all -o json',
  ]
  static override flags = {
    project: scopeFlags.project,
    global: Flags.boolean({char: 'g', summary: 'only those for all projects'}),
    all: Flags.boolean({
      summary: 'of all projects, also in the folder of one',
      exclusive: ['project', 'global'],
    }),
  }

  async run(): Promise<ListView<Row>> {
    const {flags} = await this.parse(SecretsList)
    const project = flags.all ? undefined : await chooseProject(this, flags)
    const client = await findSecrets(this)
    const {secrets: set = [], missing = []} = (await client?.list(project, {signal: this.signal})) ?? {}
    const rows: Row[] = [
      ...missing.map((one) => ({...one, status: 'missing' as const})),
      ...set.map((one) => ({...one, status: 'set' as const})),
    ]
    return listView<Row>({
      columns: [
        {header: 'KEY', value: ({key}) => key},
        {header: 'PROJECT', value: (row) => row.project},
        {header: 'STATUS', value: ({status}) => status, tone: ({status}) => (status === 'set' ? 'good' : 'bad')},
        {header: 'USED BY', value: ({usedBy}) => usedBy.join(', ')},
        {header: 'SET', value: ({updatedAt}) => updatedAt},
        {header: 'BY', value: ({updatedBy}) => updatedBy, wide: true},
      ],
      rows: flags.global ? rows.filter((row) => row.project === undefined) : rows,
      ref: (row) => `secret/${secretLabel(row)}`,
      empty: 'there are no secrets; omni secrets set KEY sets one',
    })
  }
}
