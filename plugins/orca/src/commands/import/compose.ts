import {relative} from 'node:path'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {escapeTerminal} from '@omni-cli/sdk'
import {BaseCommand, flag, itemView, type TextLine, type View} from '@omni-cli/sdk/cli'
import {type ImportedProject, readImport, writeImport} from '../../compose/import.ts'

interface Outcome {
  readonly project: string
  readonly file: string
  readonly written: boolean
  /** Their names. */
  readonly services: readonly string[]
  readonly notes: ImportedProject['notes']
  /** With --dry-run: what would be written, without what looks like a secret. */
  readonly toml?: string | undefined
}

/** `-o json`: `{project, file, written, services: [name], notes: [{file, line, column, message}], toml?}`. */
export default class ImportCompose extends BaseCommand {
  static override summary = 'turn a docker compose file into a service.toml'
  static override description =
    'Reads the file as docker compose does: variables, .env, override file, include, extends and profiles. Everything that omni has no counterpart for is named with its line. A file that is there is only replaced after a question, or with --yes.'
  static override examples = [
    '<%= config.bin %> import compose',
    '<%= config.bin %> import compose ./docker-compose.yml --dry-run',
    '<%= config.bin %> import compose --to shop.toml --profile debug',
  ]
  static override args = {file: Args.string({description: 'compose file; default: the one of this folder'})}
  static override flags = {
    to: Flags.string({summary: 'file to write instead of services/PROJECT/service.toml', helpValue: 'FILE'}),
    profile: Flags.string({
      summary: 'take services of this profile, too; "*" is all; repeatable',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NAME',
    }),
    'dry-run': flag.dryRun,
    yes: flag.yes,
  }

  async run(): Promise<View> {
    const {args, flags} = await this.parse(ImportCompose)
    const found = await readImport({
      ...{file: args.file, folder: process.cwd(), output: flags.to, profiles: flags.profile ?? []},
      ...{env: process.env, signal: this.signal},
    })
    const {project, file, notes, preview, exists} = found
    const isDry = flags['dry-run']
    const question = `${relative(process.cwd(), file)} is there already; replace it?`
    const written = !isDry && (!exists || (await this.confirm(question, {yes: flags.yes})))
    if (written) await writeImport(found)
    const services = found.services.map(({name}) => name)
    const data: Outcome = {project, file, written, services, notes, ...(isDry ? {toml: preview} : {})}
    return itemView({data, text: linesOf, ref: services.map((name) => `service/${name}`)})
  }
}

function linesOf({project, file, written, services, notes, toml}: Outcome): TextLine[] {
  const path = relative(process.cwd(), file)
  const head = toml === undefined ? (written ? `wrote ${path}` : `left ${path} as it is`) : `would write ${path}`
  return [
    ...(toml === undefined ? [] : toml.trimEnd().split('\n').map(escapeTerminal)),
    `${head}: project ${project} with ${services.join(', ')}`,
    ...notes.map(({file: from, line, message}) => escapeTerminal(`  ${from}:${line}: ${message}`)),
    ...(written ? [`next: omni validate ${path}`] : []),
  ]
}
