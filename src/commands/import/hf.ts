import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {importModels} from '../../models/import/import-models.ts'

/** `-o json`: `{models: [{name, namespace?, source, action, size?, runtime?, download?, warnings}], skipped}`. */
export default class ImportHf extends BaseCommand {
  static override summary = 'make models of the cluster from the Hugging Face Hub'
  static override description =
    'Reads type, architecture, parameters and licence from the files, as the operator will, checks that the files may be read, pins the revision to its commit, shows what will be created and asks. The same again changes nothing. With --download the files are fetched here: checked against their hashes, in parallel, and taken up where an earlier run has ended. Exit status 9 when some of several models failed.'
  static override examples = [
    '<%= config.bin %> import hf meta-llama/Llama-3.3-70B-Instruct',
    '<%= config.bin %> import hf Qwen/Qwen3-8B --revision v1.0 --name qwen --yes',
    '<%= config.bin %> import hf --file models.txt',
    '<%= config.bin %> import hf --vendor meta-llama --pattern "Llama-3*" --dry-run',
    '<%= config.bin %> import hf Qwen/Qwen3-8B --download /srv/models/qwen3-8b --no-create',
  ]
  static override args = {
    model: Args.string({description: 'org/name, hf://org/name@revision, or the address of its page'}),
  }
  static override flags = {
    file: Flags.string({char: 'f', summary: 'file with a model a line; "#" begins a comment', helpValue: 'FILE'}),
    pattern: Flags.string({summary: 'all models of --vendor with such a name: "Llama-3*"', helpValue: 'GLOB'}),
    vendor: Flags.string({
      summary: 'with --pattern: organisation to import from; else: vendor to write down',
      helpValue: 'NAME',
    }),
    revision: Flags.string({summary: 'branch, tag or commit; default: main', helpValue: 'REVISION'}),
    name: Flags.string({summary: 'name of the model in the cluster; default: from that on the hub', helpValue: 'NAME'}),
    'display-name': Flags.string({summary: 'name for people', helpValue: 'TEXT'}),
    scope: Flags.option({
      options: ['cluster', 'namespace'] as const,
      summary: 'for all namespaces, or for one; default: cluster, and namespace with --namespace',
    })(),
    namespace: flag.namespace,
    path: Flags.string({summary: 'folder on the nodes; default: /raid/models/VENDOR/NAME', helpValue: 'PATH'}),
    secret: Flags.string({
      summary: 'Secret with the token; default: hf-token, made from HF_TOKEN when the model needs one',
      helpValue: 'NAME',
    }),
    download: Flags.string({summary: 'also fetch the files into this folder', helpValue: 'DIR'}),
    include: Flags.string({
      summary: 'with --download: only files like this; repeatable',
      helpValue: 'GLOB',
      multiple: true,
      multipleNonGreedy: true,
      dependsOn: ['download'],
    }),
    connections: Flags.integer({
      min: 1,
      max: 64,
      summary: 'with --download: connections at once; default: 16',
      helpValue: 'N',
      dependsOn: ['download'],
    }),
    create: Flags.boolean({default: true, allowNo: true, summary: 'make the model in the cluster'}),
    'dry-run': flag.dryRun,
    yes: flag.yes,
  }

  async run(): Promise<View | undefined> {
    const {args, flags} = await this.parse(ImportHf)
    const {file, pattern, revision, vendor, name, path, secret, scope, namespace, download, include, connections} =
      flags
    const isMany = pattern !== undefined
    return importModels(await this.session(), {
      ...{scheme: 'hf', scope, namespace, create: flags.create, download, include, connections},
      words: {model: args.model, file, pattern, revision, vendor: isMany ? vendor : undefined},
      wishes: {name, path, secret, displayName: flags['display-name'], vendor: isMany ? undefined : vendor},
      dryRun: flags['dry-run'],
      signal: this.signal,
      progress: () => this.progress(),
      notice: (text) => this.notice(text),
      approve: ({models}) =>
        this.confirm(models.length === 1 ? 'create it?' : `create ${models.length} models?`, flags),
    })
  }
}
