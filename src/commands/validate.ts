import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {loadNamed} from '../apply/load.ts'
import {loadOptions, manifestFlags, objectFlags, objectSources} from '../apply/manifest-flags.ts'
import {validateManifest, validationView} from '../apply/validate.ts'

/** `-o json`: `{valid: true, resources: [ref], environments, warnings: [{file, line, column, message, hint}], objects: schema | form}`. */
export default class Validate extends BaseCommand {
  static override summary = 'check files without changing anything'
  static override description =
    'Shows every problem of every file with its line and column, also of environments that are not in force. Plans need no engine; fields of Kubernetes objects are checked against the schemas that the cluster of the context serves, and against the rules of OME. Exit status 3 when there is one.'
  static override examples = [
    '<%= config.bin %> validate',
    '<%= config.bin %> validate stack.yaml services --warnings',
    '<%= config.bin %> validate --file - --output json',
  ]
  static override strict = false
  static override args = {file: Args.string({description: 'file or folder; "-" is stdin; several are possible'})}
  static override flags = {
    file: flag.file,
    ...manifestFlags,
    kustomize: objectFlags.kustomize,
    'remote-bases': objectFlags['remote-bases'],
    offline: Flags.boolean({summary: 'do not ask the cluster which fields its kinds have'}),
    namespace: flag.namespace,
    warnings: Flags.boolean({summary: 'show what is allowed but may be a mistake'}),
  }

  async run(): Promise<View> {
    const {argv, flags} = await this.parse(Validate)
    const files = [...argv.map(String), ...(flags.file ?? [])]
    const {signal} = this
    const manifest = await loadNamed({files, ...objectSources(flags), ...loadOptions(flags), signal})
    const {offline, warnings} = flags
    const session = offline ? undefined : () => this.session()
    return validationView(await validateManifest(manifest, {session, signal}), warnings)
  }
}
