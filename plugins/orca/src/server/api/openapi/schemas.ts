import {ERROR_CODES, type ErrorCode, serviceSpec} from '@omni-cli/sdk'
import {z} from 'zod'
import {heartbeatRequest, registerRequest, tokenRequest, webhookRequest} from '../schemas.ts'
import {exportRequest, importRequest, setRequest} from '../secrets.ts'
import {rollbackRequest, scaleRequest} from '../services.ts'

/** Shapes of the API by name. Requests are what the handlers check with; answers are checked by the tests. */

const time = z.iso.datetime({offset: true}).describe('RFC 3339')
const codes = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]

const exit = z.object({
  code: z.int().optional(),
  signal: z.string().optional(),
  at: time,
  oomKilled: z.boolean().optional(),
})

const failure = z.object({
  reason: z.string(),
  message: z.string(),
  exit: exit.optional(),
  restarts: z.int(),
  at: time,
  lastLines: z.array(z.string()),
})

const replica = z.object({
  name: z.string(),
  index: z.int(),
  status: z.enum(['starting', 'ready', 'unready', 'backoff', 'stopping', 'exited']),
  release: z.string(),
  pid: z.int().optional(),
  address: z.string().optional(),
  startedAt: time.optional(),
  restarts: z.int(),
  node: z.string().optional(),
  cpuPercent: z.number().optional(),
  memoryBytes: z.number().optional(),
  lastExit: exit.optional(),
})

const measure = z.object({
  version: z.enum(['stable', 'canary']),
  release: z.string(),
  replicas: z.int(),
  requests: z.int(),
  errors: z.int(),
  p95Seconds: z.number().optional(),
})

const service = z.object({
  name: z.string(),
  project: z.string().optional(),
  status: z.enum(['running', 'degraded', 'deploying', 'failed', 'stopped']),
  spec: serviceSpec,
  desiredReplicas: z.int(),
  runningReplicas: z.int(),
  release: z.string().optional(),
  endpoints: z.array(z.object({url: z.string(), via: z.enum(['local', 'domain'])})),
  replicas: z.array(replica),
  canary: z
    .object({
      release: z.string(),
      weight: z.number(),
      startedAt: time,
      measures: z.array(measure),
      auto: z.boolean(),
      reason: z.string().optional(),
    })
    .optional(),
  lastFailure: failure.optional(),
  createdAt: time.optional(),
  updatedAt: time.optional(),
})

const release = z.object({
  id: z.string(),
  service: z.string(),
  status: z.enum(['deploying', 'active', 'canary', 'superseded', 'failed']),
  spec: serviceSpec,
  createdAt: time,
  actor: z.string().optional(),
  reason: z.string(),
  failure: failure.optional(),
})

const serviceStatus = z.object({
  name: z.string(),
  project: z.string().optional(),
  image: z.string(),
  runtime: z.enum(['container', 'wasm']),
  desired_replicas: z.int(),
  running_replicas: z.int(),
  status: z.enum(['running', 'degraded', 'stopped']),
  domain: z.string().nullable(),
  domains: z.array(z.string()),
  depends_on: z.array(z.string()),
  node: z.string().optional(),
  memory_usage: z.string().optional().describe('128Mi'),
  memory_limit_bytes: z.int().optional(),
  cpu_percent: z.number().optional(),
  last_failure: z
    .object({
      reason: z.string(),
      message: z.string(),
      exit_code: z.int().optional(),
      restart_count: z.int(),
      observed_at: time,
      last_lines: z.array(z.string()),
    })
    .optional(),
})

const error = z.object({
  error: z.object({
    code: z.enum([...codes, 'INTERNAL']),
    message: z.string(),
    hint: z.string().optional(),
    details: z.unknown().optional(),
  }),
})

const event = z.object({
  id: z.int(),
  time,
  ref: z.string().describe('service/web'),
  type: z.string().describe('replica.exited'),
  message: z.string(),
  details: z.unknown().optional(),
})

const tokenRecord = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(['admin', 'deployer', 'viewer']),
  projects: z.array(z.string()).optional(),
  createdAt: time,
  expiresAt: time.optional(),
  lastUsedAt: time.optional(),
})

const invocation = z.object({
  at: time,
  status_code: z.int(),
  commit_sha: z.string(),
  repo: z.string(),
  branch: z.string(),
  deployed: z.boolean(),
  error: z.string().optional(),
})

const nodeId = z.number().meta({format: 'uint64'}).describe('64 bits: more than a double holds')
const texts = z.array(z.string())

/** Node ids are numbers on the wire. */
const onWire = <T extends z.ZodObject>(schema: T) => schema.extend({node_id: nodeId})

export const SCHEMAS = {
  Health: z.object({status: z.literal('ok')}),
  Version: z.object({
    name: z.literal('omni'),
    version: z.string(),
    pid: z.int(),
    startedAt: z.string(),
    health: z.looseObject({ok: z.boolean(), message: z.string().optional(), hint: z.string().optional()}),
  }),
  Error: error,
  OrcaError: z.object({error: z.string()}),
  Ok: z.object({ok: z.string()}),
  ServiceSpec: serviceSpec,
  Service: service,
  ServiceList: z.object({services: z.array(service)}),
  ReleaseList: z.object({releases: z.array(release)}),
  Status: z.object({cluster_name: z.string(), services: z.array(serviceStatus)}),
  DeployRequest: z.object({services: z.array(serviceSpec)}),
  DeployResponse: z.object({deployed: texts, errors: texts, warnings: texts.optional()}),
  DeployLine: z.union([
    z.object({type: z.literal('progress'), service: z.string(), note: z.string()}),
    z.object({type: z.literal('result'), service, warnings: texts}),
    z.object({type: z.literal('error'), error: error.shape.error}),
  ]),
  DecideLine: z.union([
    z.object({type: z.literal('progress'), service: z.string(), note: z.string()}),
    z.object({type: z.literal('result'), verdict: z.enum(['promoted', 'aborted']), reason: z.string(), service}),
    z.object({type: z.literal('error'), error: error.shape.error}),
  ]),
  ScaleRequest: scaleRequest,
  ScaleResponse: z.object({service: z.string(), replicas: z.int()}),
  RollbackRequest: rollbackRequest,
  Removed: z.union([z.object({removed: z.string()}), z.object({ok: z.string()})]),
  Stopped: z.object({ok: z.string(), stopped: texts.optional(), errors: texts.optional()}),
  Event: event,
  LogSources: z.object({files: z.array(z.looseObject({}))}),
  ArtifactStored: z.object({digest: z.string(), stored: z.boolean()}),
  WebhookRequest: webhookRequest,
  WebhookRegistered: z.object({status: z.literal('registered')}),
  WebhookRemoved: z.object({status: z.literal('removed'), count: z.int()}),
  WebhookList: z.object({
    webhooks: z.array(
      z.object({
        repo: z.string(),
        service_name: z.string(),
        branch: z.string(),
        tag: z.string().optional(),
        paths: texts.optional(),
        has_secret: z.boolean(),
        infra: z.boolean(),
        last_invocation: invocation.optional(),
      }),
    ),
  }),
  InvocationList: z.object({invocations: z.array(invocation)}),
  PushOutcome: z.object({deployed: texts, errors: texts, pending: texts.optional()}),
  ClusterInfo: z.object({
    cluster_name: z.string(),
    node_count: z.int(),
    nodes: z.array(
      z.object({
        node_id: nodeId,
        address: z.string(),
        labels: z.record(z.string(), z.string()),
        last_heartbeat: time,
        drain: z.boolean(),
      }),
    ),
  }),
  RegisterRequest: onWire(registerRequest),
  HeartbeatRequest: onWire(heartbeatRequest),
  Commands: z.object({
    commands: z.array(z.object({action: z.literal('deploy'), spec: z.looseObject({name: z.string()})})),
  }),
  NodeState: z.object({status: z.string()}),
  TokenRequest: tokenRequest,
  Token: tokenRecord,
  TokenWithSecret: tokenRecord.extend({token: z.string()}),
  TokenList: z.object({tokens: z.array(tokenRecord)}),
  TokenRevoked: z.object({revoked: z.string()}),
  AuditList: z.object({
    entries: z.array(
      z.object({
        id: z.int(),
        time,
        actor: z.string().optional(),
        role: z.string().optional(),
        tokenId: z.string().optional(),
        peer: z.string().optional(),
        method: z.string(),
        route: z.string().optional(),
        target: z.string().optional(),
        requestId: z.string(),
        status: z.int().optional(),
        durationMs: z.int().optional(),
        outcome: z.string().optional(),
      }),
    ),
  }),
  ShutdownAccepted: z.object({shutdown: z.literal(true), workloads: z.enum(['keep', 'stop'])}),
  SecretRequest: setRequest,
  SecretImportRequest: importRequest,
  SecretExportRequest: exportRequest,
  SecretsAnswer: z.looseObject({}),
} as const satisfies Readonly<Record<string, z.ZodType>>

export type SchemaName = keyof typeof SCHEMAS
