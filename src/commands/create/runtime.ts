import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {draftOf, makeRuntime, renderRuntime} from '../../models/draft.ts'
import {madeView, manifestView} from '../../models/draft-view.ts'

/** `-o json`: the runtime as it is; with `--dry-run` its manifest. */
export default class CreateRuntime extends BaseCommand {
  static override summary = 'make a runtime from a template or from another runtime'
  static override description =
    'A runtime of a template is made for one architecture. --set takes short names (gpus, tensorParallelism, image, memory, cpu, …) and paths of the manifest (spec.engineConfig.runner.image); values get the type that the schema of the cluster asks for, and unknown names are refused. Another number of devices also changes the arguments that split the model over them. Neither templates nor copies are picked by the operator itself, unless autoSelect=true is set. Without --namespace it is for the whole cluster.'
  static override examples = [
    '<%= config.bin %> create runtime --from-template vllm --model-arch LlamaForCausalLM --model-size 70B --gpus 4 --name my-llama',
    '<%= config.bin %> create runtime --from vllm-llama-3-3-70b --name wide-llama --set gpus=8 --set tensorParallelism=8',
    '<%= config.bin %> create runtime --from-template sglang --model-arch Qwen3ForCausalLM --name q --dry-run --output yaml',
  ]
  static override flags = {
    name: Flags.string({required: true, summary: 'name of the new runtime'}),
    'from-template': Flags.string({summary: 'vllm, sglang, or a file', helpValue: 'TEMPLATE'}),
    from: Flags.string({summary: 'runtime to start from', helpValue: 'RUNTIME'}),
    'model-arch': Flags.string({summary: 'architecture in config.json: LlamaForCausalLM', helpValue: 'ARCH'}),
    'model-size': Flags.string({summary: 'size of the models that it is for: 70B', helpValue: 'SIZE'}),
    gpus: Flags.integer({summary: 'devices of one pod', helpValue: 'N', min: 1, max: 64}),
    set: Flags.string({
      summary: 'change a field; repeatable',
      helpValue: 'NAME=VALUE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'dry-run': flag.dryRun,
    namespace: flag.namespace,
    provider: flag.provider,
  }

  async run(): Promise<View> {
    const {flags} = await this.parse(CreateRuntime)
    const {name, from, gpus, set = [], namespace} = flags
    const words = {name, from, gpus, set, namespace, template: flags['from-template']}
    const named = {...words, architecture: flags['model-arch'], size: flags['model-size']}
    const draft = await draftOf(named, this.config.root)
    const session = await this.session()
    const {signal} = this
    if (flags['dry-run']) return manifestView(await renderRuntime(session, draft, {signal}), name)
    return madeView(await makeRuntime(session, draft, {signal}))
  }
}
