import type {SchemaName} from './schemas.ts'

/** One media type of an answer: JSON of a shape, lines of it, or plain text. */
export type Body = {readonly json: SchemaName} | {readonly lines: SchemaName} | {readonly text: string}

export interface Route {
  readonly summary: string
  /** Query parameters and what they mean. */
  readonly query?: Readonly<Record<string, string>> | undefined
  readonly request?: SchemaName | undefined
  /** A request body that is no JSON. */
  readonly upload?: string | undefined
  /** By status; an answer may come in several types. Undefined: no body. */
  readonly answers: Readonly<Record<number, readonly Body[] | undefined>>
}

const json = (name: SchemaName): readonly Body[] => [{json: name}]
const text = (description: string): readonly Body[] => [{text: description}]
const lines = (name: SchemaName): readonly Body[] => [{lines: name}]

/** Orca's form; with `Accept: application/vnd.omni+json` the whole service. */
const act = (summary: string): Route => ({
  summary,
  answers: {200: [{json: 'Ok'}, {json: 'Service'}], 404: json('Error'), 500: text('what failed, in words')},
})

const PROJECT = {project: 'only services of this project'}

/** Every route of the server, as in the table of rights. */
export const ROUTES: Readonly<Record<string, Route>> = {
  'GET /api/v1/health': {summary: 'the server answers', answers: {200: json('Health')}},
  'GET /api/v1/openapi.json': {summary: 'this description', answers: {200: text('OpenAPI 3.1, as JSON')}},
  'GET /metrics': {summary: 'metrics for Prometheus', answers: {200: text('text/plain; version=0.0.4')}},
  'GET /api/v1/status': {summary: 'services in short, as Orca tells', query: PROJECT, answers: {200: json('Status')}},
  'GET /api/v1/version': {summary: 'the server itself', answers: {200: json('Version')}},
  'GET /api/v1/events': {
    summary: 'what has happened, oldest first',
    query: {since: 'only events after this id', follow: 'true: does not end', ref: 'only about this KIND/NAME'},
    answers: {200: [{lines: 'Event'}, {text: 'server-sent events, without Accept: application/x-ndjson'}]},
  },
  'GET /api/v1/certificates': {
    summary: 'certificates of the host names that are served',
    answers: {200: json('CertificateList')},
  },
  'GET /api/v1/services': {summary: 'services in full', query: PROJECT, answers: {200: json('ServiceList')}},
  'POST /api/v1/services': {
    summary: 'deploy one service and watch it',
    query: {mode: 'create, update or apply (default)', reason: 'kept with the release'},
    request: 'ServiceSpec',
    answers: {
      200: lines('DeployLine'),
      404: json('Error'),
      409: json('Error'),
      422: text('what does not fit, and where'),
    },
  },
  'GET /api/v1/services/:name': {summary: 'one service', answers: {200: json('Service'), 404: json('Error')}},
  'DELETE /api/v1/services/:name': {
    summary: 'stop and forget a service',
    query: {purge: 'true: its volumes and logs too', forget: 'true: our form of the answer'},
    answers: {200: json('Removed'), 500: text('what failed, in words')},
  },
  'GET /api/v1/services/:name/releases': {
    summary: 'its releases, newest first',
    answers: {200: json('ReleaseList'), 404: json('Error')},
  },
  'GET /api/v1/services/:name/logs': {
    summary: 'what its replicas print',
    query: {
      tail: 'last lines of each replica; default 100',
      follow: 'true: does not end',
      since: 'RFC 3339',
      replica: 'only this one',
    },
    answers: {200: text('lines; with Accept: application/x-ndjson JSON lines'), 404: text('no such service')},
  },
  'GET /api/v1/services/:name/log-sources': {
    summary: 'files that a client of the same machine may read instead',
    query: {replica: 'only this one'},
    answers: {200: json('LogSources'), 404: json('Error')},
  },
  'POST /api/v1/deploy': {
    summary: 'deploy services: 200 all, 206 some, 500 none of them',
    request: 'DeployRequest',
    answers: {
      200: json('DeployResponse'),
      206: json('DeployResponse'),
      422: text('what does not fit, and where'),
      500: json('DeployResponse'),
    },
  },
  'POST /api/v1/services/:name/scale': {
    summary: 'change the number of replicas',
    request: 'ScaleRequest',
    answers: {
      200: [{json: 'ScaleResponse'}, {json: 'Service'}],
      422: text('what does not fit'),
      500: text('what failed'),
    },
  },
  'POST /api/v1/services/:name/rollback': {
    ...act('go back to the release before, or to a named one; with a canary: end it'),
    request: 'RollbackRequest',
  },
  'POST /api/v1/services/:name/promote': act('the canary takes over'),
  'POST /api/v1/services/:name/canary/abort': act('the stable version serves alone again'),
  'POST /api/v1/services/:name/canary/decide': {
    summary: 'let measures decide about the canary; notes while they do',
    answers: {200: lines('DecideLine')},
  },
  'GET /api/v1/services/:name/exec': {
    summary: 'a program inside a replica, over a WebSocket',
    answers: {101: undefined, 426: text('this route speaks WebSocket only')},
  },
  'POST /api/v1/services/:name/redeploy': act('pull or build again, and roll it out'),
  'POST /api/v1/services/:name/restart': act('replace all replicas, one after another'),
  'POST /api/v1/services/:name/start': act('start what was stopped'),
  'POST /api/v1/services/:name/stop': act('stop it and keep it'),
  'DELETE /api/v1/projects/:project': {
    summary: 'stop and forget the services of a project',
    answers: {200: json('Stopped')},
  },
  'POST /api/v1/stop': {summary: 'stop and forget all services', answers: {200: json('Stopped')}},
  'HEAD /api/v1/artifacts/:digest': {
    summary: 'whether a source archive is there',
    answers: {200: undefined, 404: undefined},
  },
  'PUT /api/v1/artifacts/:digest': {
    summary: 'store a source archive under its digest',
    upload: 'application/gzip',
    answers: {200: json('ArtifactStored'), 201: json('ArtifactStored'), 409: json('Error')},
  },
  'GET /api/v1/webhooks': {summary: 'webhooks, without their secrets', answers: {200: json('WebhookList')}},
  'POST /api/v1/webhooks': {
    summary: 'register a webhook',
    request: 'WebhookRequest',
    answers: {201: json('WebhookRegistered'), 400: json('OrcaError'), 422: text('what does not fit')},
  },
  'GET /api/v1/webhooks/:id/invocations': {
    summary: 'the last pushes for a service, newest first',
    answers: {200: json('InvocationList')},
  },
  'DELETE /api/v1/webhooks/:id': {
    summary: 'remove the webhooks of a service',
    answers: {200: json('WebhookRemoved'), 404: json('OrcaError')},
  },
  'POST /api/v1/webhooks/github': {
    summary: 'a push of GitHub, Gitea or Forgejo, signed with the secret of a webhook',
    query: {wait: 'seconds to wait for the outcome, default 8; 202 when it takes longer'},
    upload: 'application/json',
    answers: {
      200: [{json: 'PushOutcome'}, {text: 'ignored: and why'}],
      202: json('PushOutcome'),
      206: json('PushOutcome'),
      400: text('invalid payload'),
      401: text('signature validation failed'),
      500: json('PushOutcome'),
    },
  },
  'GET /api/v1/cluster/info': {summary: 'nodes, this machine first', answers: {200: json('ClusterInfo')}},
  'POST /api/v1/cluster/register': {
    summary: 'a node joins, or joins again',
    request: 'RegisterRequest',
    answers: {200: json('NodeState'), 409: json('Error')},
  },
  'POST /api/v1/cluster/heartbeat': {
    summary: 'a node tells what it runs, and gets what it has to do',
    request: 'HeartbeatRequest',
    answers: {200: json('Commands')},
  },
  'POST /api/v1/cluster/nodes/:node_id/drain': {
    summary: 'place nothing new on a node',
    answers: {200: json('NodeState'), 400: text('no u64'), 404: json('OrcaError')},
  },
  'POST /api/v1/cluster/nodes/:node_id/undrain': {
    summary: 'use a drained node again',
    answers: {200: json('NodeState'), 400: text('no u64'), 404: json('OrcaError')},
  },
  'GET /api/v1/tokens': {summary: 'tokens, without their secrets', answers: {200: json('TokenList')}},
  'POST /api/v1/tokens': {
    summary: 'make a token; its secret is in this answer and nowhere else',
    request: 'TokenRequest',
    answers: {201: json('TokenWithSecret'), 409: json('Error'), 422: text('what does not fit')},
  },
  'POST /api/v1/tokens/:id/rotate': {
    summary: 'a new secret for a token; the old one ends',
    answers: {201: json('TokenWithSecret'), 404: json('Error')},
  },
  'DELETE /api/v1/tokens/:id': {
    summary: 'revoke a token, by id or name',
    answers: {200: json('TokenRevoked'), 404: json('Error')},
  },
  'GET /api/v1/audit': {
    summary: 'who changed what, and who was refused, oldest first',
    query: {
      after: 'only entries after this id, the oldest of them',
      since: 'RFC 3339',
      actor: 'name of a token',
      limit: 'at most so many; default 200',
    },
    answers: {200: json('AuditList')},
  },
  'POST /api/v1/shutdown': {
    summary: 'end the server after the answer',
    query: {workloads: 'keep (default) or stop the services'},
    answers: {202: json('ShutdownAccepted')},
  },
  'GET /api/v1/secrets': {
    summary: 'keys of secrets, and who uses them',
    query: PROJECT,
    answers: {200: json('SecretsAnswer')},
  },
  'GET /api/v1/secrets/usage': {summary: 'references to secrets', answers: {200: json('SecretsAnswer')}},
  'GET /api/v1/secrets/recipient': {
    summary: 'the age recipient that values are encrypted to',
    answers: {200: json('SecretsAnswer')},
  },
  'POST /api/v1/secrets/:key': {
    summary: 'set a secret',
    request: 'SecretRequest',
    answers: {200: json('SecretsAnswer'), 400: json('Error')},
  },
  'DELETE /api/v1/secrets/:key': {
    summary: 'remove a secret',
    query: PROJECT,
    answers: {200: json('SecretsAnswer'), 404: json('Error')},
  },
  'POST /api/v1/secrets/rotate': {summary: 'encrypt all anew', answers: {200: json('SecretsAnswer')}},
  'POST /api/v1/secrets/import': {
    summary: 'set many secrets from an age file',
    request: 'SecretImportRequest',
    answers: {200: json('SecretsAnswer'), 409: json('Error')},
  },
  'POST /api/v1/secrets/export': {
    summary: 'secrets in an age file for the named recipients',
    request: 'SecretExportRequest',
    answers: {200: json('SecretsAnswer')},
  },
}
