import {describeModelSource} from '@omni-cli/testkit'
import {startFakeHub} from './hub/fake-hub.ts'
import {openSource} from './open-source.ts'

const CONFIG = '{"model_type": "llama", "architectures": ["LlamaForCausalLM"]}'

describeModelSource({
  name: 'huggingface',
  known: 'hf://ivory/one',
  unknown: 'hf://ivory/none',
  async create() {
    const hub = await startFakeHub()
    for (const name of ['one', 'two', 'three']) hub.add(`ivory/${name}`, {'config.json': CONFIG})
    return {driver: await openSource(hub), close: async () => hub[Symbol.asyncDispose]()}
  },
})
