import {serviceSpec} from '@omni-cli/sdk'
import {z} from 'zod'
import {heartbeatRequest, registerRequest, tokenRequest, webhookRequest} from '../schemas.ts'
import {exportRequest, importRequest, setRequest} from '../secrets.ts'
import {rollbackRequest, scaleRequest} from '../services.ts'
import {certificate, error, event, invocation, release, service, serviceStatus, time, tokenRecord} from './shapes.ts'

/** Shapes of the API by name. Requests are what the handlers check with; answers are checked by the tests. */

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
  CertificateList: z.object({certificates: z.array(certificate)}),
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
