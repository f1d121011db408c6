import {z} from 'zod'

const port = z.int().min(1).max(65_535)
const count = z.int().min(0)
const text = z.string()
const texts = z.array(text).default([])
const seconds = z.number().min(0)
const flag = z.boolean()

const cluster = z.strictObject({
  name: text.min(1).default('orca'),
  domain: text.optional(),
  acme_email: text.optional(),
  log_level: text.default('info'),
  api_port: port.optional(),
  grpc_port: port.optional(),
  api_bind: z.array(text.min(1)).optional(),
})

const node = z.strictObject({
  address: text,
  labels: z.record(z.string(), text).default({}),
  gpus: z.array(z.strictObject({vendor: text, count: count.default(1), model: text.optional()})).default([]),
})

/** A token as it is in the file. Orca gives every right to one without a role. */
const token = z.strictObject({
  name: text.min(1),
  value: text,
  role: z.enum(['admin', 'deployer', 'viewer']).optional(),
})

const observability = z.strictObject({
  otlp_endpoint: text.optional(),
  alerts: z.strictObject({webhook: text.optional(), email: text.optional()}).optional(),
})

const ai = z.strictObject({
  provider: text.default('ollama'),
  endpoint: text.optional(),
  model: text.optional(),
  api_key: text.optional(),
  alerts: z
    .strictObject({
      enabled: flag.default(true),
      analysis_interval_secs: seconds.default(60),
      alert_grace_secs: seconds.default(120),
      channels: z.strictObject({webhook: text.optional(), slack: text.optional(), email: text.optional()}).optional(),
    })
    .optional(),
  auto_remediate: z
    .strictObject({
      restart_crashed: flag.default(true),
      scale_on_pressure: flag.default(false),
      rollback_on_failure: flag.default(false),
    })
    .optional(),
})

const backup = z.strictObject({
  schedule: text.optional(),
  retention_days: count.default(30),
  targets: z
    .array(
      z.strictObject({
        type: z.enum(['local', 's3']),
        path: text.optional(),
        bucket: text.optional(),
        region: text.optional(),
        prefix: text.optional(),
        endpoint: text.optional(),
        access_key: text.optional(),
        secret_key: text.optional(),
      }),
    )
    .default([]),
  age_recipients: texts,
  keep_min: count.default(7),
  prune_s3: flag.default(false),
  bind_mount_max_mb: count.optional(),
})

const securityHeaders = z.strictObject({
  enabled: flag.default(true),
  hsts: text.default('max-age=31536000'),
  content_type_options: text.default('nosniff'),
  referrer_policy: text.default('strict-origin-when-cross-origin'),
  frame_options: text.default(''),
  csp: text.default(''),
  extra: z.record(z.string(), text).default({}),
})

/** Orca's `cluster.toml`, with the blocks of its later versions. */
export const clusterFile = z.strictObject({
  cluster: cluster.prefault({}),
  api_tokens: texts,
  token: z.array(token).default([]),
  node: z.array(node).default([]),
  network: z.strictObject({provider: text, setup_key: text.optional(), management_url: text.optional()}).optional(),
  observability: observability.optional(),
  ai: ai.optional(),
  backup: backup.optional(),
  cleanup: z
    .strictObject({
      schedule: text.optional(),
      registry_keep_tags: count.default(5),
      registry_container: text.default('orca-registry'),
    })
    .optional(),
  fallback: z.strictObject({http: text.optional(), tls: text.optional()}).optional(),
  deploy: z
    .strictObject({
      ack_timeout_secs: seconds.default(10),
      completion_timeout_secs: seconds.default(600),
      adopt_orphans: flag.default(true),
      adopt_interval_secs: seconds.default(30),
      ws_idle_timeout_secs: seconds.default(30),
    })
    .optional(),
  reconcile: z.strictObject({config_dir: text.optional(), interval_secs: seconds.default(30)}).optional(),
  security_headers: securityHeaders.optional(),
  secrets: z
    .strictObject({
      encrypted_file: text.optional(),
      age_key_file: text.optional(),
      age_recipients: texts,
      git_autocommit: flag.default(true),
    })
    .optional(),
})

export type ClusterFile = z.output<typeof clusterFile>
