import {ERROR_CODES, type ErrorCode, serviceSpec} from '@omni-cli/sdk'
import {z} from 'zod'

/** Things that answers are made of. */

export const time = z.iso.datetime({offset: true}).describe('RFC 3339')
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

export const certificate = z.object({
  host: z.string(),
  source: z.enum(['files', 'acme', 'none']),
  notAfter: time.optional(),
  reason: z.string().optional().describe('why none is ordered'),
  lastError: z.string().optional(),
  nextTry: time.optional().describe('when it is ordered again'),
})

export const service = z.object({
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

export const release = z.object({
  id: z.string(),
  service: z.string(),
  status: z.enum(['deploying', 'active', 'canary', 'superseded', 'failed']),
  spec: serviceSpec,
  createdAt: time,
  actor: z.string().optional(),
  reason: z.string(),
  failure: failure.optional(),
})

export const serviceStatus = z.object({
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

export const error = z.object({
  error: z.object({
    code: z.enum([...codes, 'INTERNAL']),
    message: z.string(),
    hint: z.string().optional(),
    details: z.unknown().optional(),
  }),
})

export const event = z.object({
  id: z.int(),
  time,
  ref: z.string().describe('service/web'),
  type: z.string().describe('replica.exited'),
  message: z.string(),
  details: z.unknown().optional(),
})

export const tokenRecord = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(['admin', 'deployer', 'viewer']),
  projects: z.array(z.string()).optional(),
  createdAt: time,
  expiresAt: time.optional(),
  lastUsedAt: time.optional(),
})

export const invocation = z.object({
  at: time,
  status_code: z.int(),
  commit_sha: z.string(),
  repo: z.string(),
  branch: z.string(),
  deployed: z.boolean(),
  error: z.string().optional(),
})
