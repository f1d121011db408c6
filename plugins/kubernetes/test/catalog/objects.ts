/** Objects of an invented team: pines are language models. */

type Fields = Readonly<Record<string, unknown>>

const API = 'ome.io/v1beta1'
export const FORMAT = {name: 'safetensors', version: '1.0.0'}
export const FRAMEWORK = {name: 'transformers', version: '4.50.0'}

/** Shape of 70 billion parameters with grouped queries. */
export const SHAPE_70B = {
  ...{torch_dtype: 'bfloat16', vocab_size: 128_256, max_position_embeddings: 131_072, hidden_size: 8192},
  ...{intermediate_size: 28_672, num_hidden_layers: 80, num_attention_heads: 64, num_key_value_heads: 8},
}

export const model = (
  name: string,
  spec: Fields = {},
  more: {namespace?: string; status?: Fields; metadata?: Fields} = {},
) => ({
  apiVersion: API,
  kind: more.namespace === undefined ? 'ClusterBaseModel' : 'BaseModel',
  metadata: {name, ...(more.namespace === undefined ? {} : {namespace: more.namespace}), ...more.metadata},
  spec: {
    ...{vendor: 'forest', version: '1.0.0', disabled: false, modelArchitecture: 'PineForCausalLM'},
    ...{modelFormat: FORMAT, modelFramework: FRAMEWORK, modelParameterSize: '70.55B'},
    storage: {storageUri: `hf://forest/${name}`, path: `/raid/models/forest/${name}`},
    ...spec,
  },
  ...(more.status === undefined ? {} : {status: more.status}),
})

export const runtime = (name: string, gpus: number, spec: Fields = {}, runner: Fields = {}) => ({
  apiVersion: API,
  kind: 'ClusterServingRuntime',
  metadata: {name},
  spec: {
    disabled: false,
    supportedModelFormats: [
      {
        modelFormat: FORMAT,
        modelFramework: FRAMEWORK,
        modelArchitecture: 'PineForCausalLM',
        autoSelect: true,
        priority: 1,
      },
    ],
    engineConfig: {
      runner: {
        name: 'ome-container',
        image: 'registry.example/vllm-openai:v1',
        command: ['python3', '-m', 'vllm.entrypoints.openai.api_server', '--tensor-parallel-size', String(gpus)],
        args: ['--served-model-name=$(SERVED_MODEL_NAME)'],
        env: [{name: 'SERVED_MODEL_NAME', value: 'vllm-model'}],
        ports: [{containerPort: 8080}],
        readinessProbe: {httpGet: {path: '/health', port: 8080}},
        startupProbe: {httpGet: {path: '/health', port: 8080}},
        resources: {
          requests: {cpu: '10', memory: '160Gi', 'nvidia.com/gpu': String(gpus)},
          limits: {'nvidia.com/gpu': String(gpus)},
        },
        ...runner,
      },
    },
    ...spec,
  },
})

export const gpuNode = (name: string, gpus: number, labels: Fields = {}) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {name, labels: {'nvidia.com/gpu.product': 'PINE-80GB', 'nvidia.com/gpu.memory': '81559', ...labels}},
  spec: {},
  status: {
    conditions: [{type: 'Ready', status: 'True'}],
    capacity: {cpu: '64', memory: '512Gi', pods: '110', 'nvidia.com/gpu': String(gpus)},
    allocatable: {cpu: '64', memory: '512Gi', pods: '110', 'nvidia.com/gpu': String(gpus)},
  },
})

export const gpuPod = (name: string, nodeName: string, gpus: number) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {name, namespace: 'default'},
  spec: {
    nodeName,
    containers: [
      {
        name: 'main',
        image: 'x',
        resources: {limits: {'nvidia.com/gpu': String(gpus)}, requests: {'nvidia.com/gpu': String(gpus)}},
      },
    ],
  },
  status: {phase: 'Running'},
})

export const acceleratorClass = (name: string, spec: Fields = {}) => ({
  apiVersion: API,
  kind: 'AcceleratorClass',
  metadata: {name},
  spec: {
    ...{vendor: 'nvidia', family: 'hopper', model: 'H100'},
    discovery: {nodeSelector: {'nvidia.com/gpu.product': 'PINE-80GB'}},
    capabilities: {memoryGB: '80Gi'},
    cost: {perHour: '2.5'},
    ...spec,
  },
})
