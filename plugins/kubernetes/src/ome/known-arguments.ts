/*
 * Arguments that servers know, as their own `--help` has them. Versions differ: what is not here is only a remark, but one that
 * belongs to the other server alone is a mistake.
 */

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

const VLLM = words(`
  host port model task runner tokenizer tokenizer-mode skip-tokenizer-init trust-remote-code dtype kv-cache-dtype seed revision
  code-revision tokenizer-revision hf-config-path hf-overrides hf-token config-format max-model-len quantization enforce-eager
  max-seq-len-to-capture max-logprobs served-model-name load-format download-dir ignore-patterns model-loader-extra-config
  pipeline-parallel-size tensor-parallel-size data-parallel-size data-parallel-size-local data-parallel-rank
  data-parallel-start-rank data-parallel-address data-parallel-rpc-port data-parallel-backend data-parallel-hybrid-lb
  data-parallel-external-lb enable-expert-parallel enable-eplb eplb-config num-redundant-experts expert-placement-strategy
  all2all-backend decode-context-parallel-size max-parallel-loading-workers distributed-executor-backend block-size
  gpu-memory-utilization swap-space kv-cache-memory-bytes enable-prefix-caching prefix-caching-hash-algo cpu-offload-gb
  calculate-kv-scales kv-sharing-fast-prefill mamba-cache-dtype mamba-ssm-cache-dtype max-num-batched-tokens max-num-seqs
  max-num-partial-prefills max-long-partial-prefills long-prefill-token-threshold num-lookahead-slots enable-chunked-prefill
  scheduling-policy scheduler-cls disable-hybrid-kv-cache-manager async-scheduling stream-interval preemption-mode
  limit-mm-per-prompt mm-processor-kwargs mm-processor-cache-gb mm-encoder-tp-mode skip-mm-profiling media-io-kwargs
  interleave-mm-strings enable-lora enable-lora-bias max-loras max-lora-rank lora-dtype lora-modules max-cpu-loras
  fully-sharded-loras prompt-adapters device guided-decoding-backend structured-outputs-config reasoning-parser
  speculative-config otlp-traces-endpoint collect-detailed-traces show-hidden-metrics-for-version disable-log-stats
  disable-log-requests enable-log-requests max-log-len chat-template chat-template-content-format response-role
  trust-request-chat-template enable-auto-tool-choice tool-call-parser tool-parser-plugin tool-server exclude-tools-when-tool-choice-none
  middleware api-key allowed-origins allowed-methods allowed-headers allow-credentials ssl-keyfile ssl-certfile ssl-ca-certs
  enable-ssl-refresh ssl-cert-reqs root-path uvicorn-log-level disable-uvicorn-access-log disable-frontend-multiprocessing
  disable-fastapi-docs enable-request-id-headers enable-prompt-tokens-details enable-server-load-tracking
  enable-force-include-usage enable-tokenizer-info-endpoint log-config-file return-tokens-as-token-ids enable-log-outputs
  h11-max-incomplete-event-size h11-max-header-count override-generation-config generation-config override-pooler-config
  pooler-config logits-processors logits-processor-pattern logprobs-mode enable-sleep-mode enable-dbo kv-transfer-config
  kv-events-config compilation-config cuda-graph-sizes cudagraph-capture-sizes additional-config worker-cls worker-extension-cls
  use-v2-block-manager disable-custom-all-reduce ray-workers-use-nsight disable-sliding-window disable-cascade-attn
  use-tqdm-on-load convert rope-scaling rope-theta headless api-server-count nnodes node-rank master-addr master-port
  attention-backend attention-config optimization-level config uds enable-prompt-embeds pt-load-map-location`)

const SGLANG = words(`
  host port model model-path tokenizer-path tokenizer-mode tokenizer-worker-num skip-tokenizer-init skip-server-warmup warmups
  load-format model-loader-extra-config trust-remote-code dtype kv-cache-dtype quantization quantization-param-path modelopt-quant
  context-length device served-model-name chat-template completion-template is-embedding enable-multimodal revision model-impl
  hf-chat-template-name mem-fraction-static mem-frac max-running-requests max-queued-requests max-total-tokens chunked-prefill-size
  max-prefill-tokens schedule-policy schedule-conservativeness priority-scheduling-preemption-threshold enable-priority-scheduling
  cpu-offload-gb page-size hybrid-kvcache-ratio swa-full-tokens-ratio disable-hybrid-swa-memory radix-eviction-policy
  tensor-parallel-size tp-size tp pipeline-parallel-size pp-size pp pp-max-micro-batch-size stream-interval stream-output
  random-seed constrained-json-whitespace-pattern watchdog-timeout dist-timeout download-dir base-gpu-id gpu-id-step sleep-on-idle
  log-level log-level-http log-requests log-requests-level crash-dump-folder show-time-cost enable-metrics
  enable-metrics-for-all-schedulers bucket-time-to-first-token bucket-inter-token-latency bucket-e2e-request-latency
  collect-tokens-histogram decode-log-interval enable-request-time-stats-logging kv-events-config enable-trace api-key
  file-storage-path enable-cache-report reasoning-parser tool-call-parser tool-server sampling-defaults data-parallel-size dp-size dp
  load-balance-method load-watch-interval prefill-round-robin-balance expert-parallel-size ep-size ep dist-init-addr nccl-init-addr nccl-init
  nnodes node-rank json-model-override-args preferred-sampling-params enable-lora max-lora-rank lora-target-modules lora-paths
  max-loras-per-batch max-loaded-loras lora-backend attention-backend prefill-attention-backend decode-attention-backend
  sampling-backend grammar-backend mm-attention-backend nsa-prefill-backend nsa-decode-backend speculative-algorithm
  speculative-draft-model-path speculative-draft-model-revision speculative-num-steps speculative-eagle-topk
  speculative-num-draft-tokens speculative-token-map speculative-attention-mode speculative-accept-threshold-single
  speculative-accept-threshold-acc enable-ep-moe enable-deepep-moe moe-a2a-backend moe-runner-backend deepep-mode deepep-config
  flashinfer-mxfp4-moe-precision ep-num-redundant-experts ep-dispatch-algorithm init-expert-location enable-eplb eplb-algorithm
  eplb-rebalance-num-iterations eplb-rebalance-layers-per-chunk expert-distribution-recorder-mode moe-dense-tp-size
  enable-hierarchical-cache hicache-ratio hicache-size hicache-write-policy hicache-io-backend hicache-mem-layout
  hicache-storage-backend enable-lmcache enable-double-sparsity disable-radix-cache cuda-graph-max-bs cuda-graph-bs
  disable-cuda-graph disable-cuda-graph-padding enable-profile-cuda-graph enable-cudagraph-gc enable-nccl-nvls
  enable-symm-mem disable-flashinfer-cutlass-moe-fp4-allgather enable-tokenizer-batch-encode disable-outlines-disk-cache
  disable-custom-all-reduce enable-mscclpp enable-torch-symm-mem disable-overlap-schedule enable-mixed-chunk enable-dp-attention
  enable-dp-lm-head enable-two-batch-overlap enable-torch-compile torch-compile-max-bs torchao-config enable-nan-detection
  enable-p2p-check triton-attention-reduce-in-fp32 triton-attention-num-kv-splits num-continuous-decode-steps
  delete-ckpt-after-loading enable-memory-saver allow-auto-truncate enable-custom-logit-processor flashinfer-mla-disable-ragged
  disable-shared-experts-fusion disable-chunked-prefix-cache disable-fast-image-processor enable-return-hidden-states
  scheduler-recv-interval numa-node disaggregation-mode disaggregation-transfer-backend disaggregation-bootstrap-port
  disaggregation-decode-tp disaggregation-decode-dp disaggregation-prefill-pp disaggregation-ib-device
  num-reserved-decode-tokens pdlb-url custom-weight-loader weight-loader-disable-mmap enable-pdmux sm-group-num
  enable-deterministic-inference grpc-mode rl-on-policy-target mamba-ssm-dtype max-mamba-cache-size allow-credentials`)

const KNOWN = {vllm: new Set(VLLM), sglang: new Set(SGLANG)} as const

export type EngineName = keyof typeof KNOWN

/** `known`; `foreign`: only the other server has it; `unknown`. Underscores count as dashes. */
export function argumentOf(engine: EngineName, flag: string): 'known' | 'foreign' | 'unknown' {
  const name = flag.replace(/^--?(no-)?/, '').replaceAll('_', '-')
  // One letter: short forms, of which each server has some.
  if (!flag.startsWith('--') || KNOWN[engine].has(name)) return 'known'
  const other = engine === 'vllm' ? KNOWN.sglang : KNOWN.vllm
  return other.has(name) ? 'foreign' : 'unknown'
}

export const knownArguments = (engine: EngineName): string[] => [...KNOWN[engine]].map((name) => `--${name}`)
