import type {CheckContext, ConformanceCheck} from '../check.ts'
import {contains, defined, equal, list, member, ok, status, textIs} from '../expect.ts'

const JSON_TYPE = {'content-type': 'application/json'}

/** Bodies that are refused, each with the status and what the text begins with or contains. */
const BODIES: readonly [name: string, body: string, headers: Record<string, string>, status: number, text: string][] = [
  [
    'another media type',
    '{"services":[]}',
    {'content-type': 'text/plain'},
    415,
    'Expected request with `Content-Type:',
  ],
  ['broken JSON', '{"services":', JSON_TYPE, 400, 'Failed to parse the request body as JSON'],
  ['a missing field', '{}', JSON_TYPE, 422, 'Failed to deserialize the JSON body into the target type'],
  [
    'an impossible port',
    '{"services":[{"name":"x","image":"x","port":99999}]}',
    JSON_TYPE,
    422,
    'Failed to deserialize',
  ],
  [
    'negative replicas',
    '{"services":[{"name":"x","image":"x","replicas":-1}]}',
    JSON_TYPE,
    422,
    'Failed to deserialize',
  ],
  [
    'an unknown strategy',
    '{"services":[{"name":"x","image":"x","deploy":{"strategy":"bold"}}]}',
    JSON_TYPE,
    422,
    'Failed',
  ],
  [
    'memory that is no amount',
    '{"services":[{"name":"x","image":"x","resources":{"memory":"lots"}}]}',
    JSON_TYPE,
    422,
    'Failed to deserialize',
  ],
  ['null for a list', '{"services":[{"name":"x","image":"x","routes":null}]}', JSON_TYPE, 422, 'Failed to deserialize'],
]

const bodyChecks = BODIES.map(
  ([name, body, headers, code, text]): ConformanceCheck => ({
    group: 'wire',
    name: `a deploy with ${name} is a ${code} with a text`,
    async run({api}) {
      const answer = await api.send('POST', '/api/v1/deploy', {body, headers})
      status(answer, code, name)
      contains(answer.text, text, name)
      contains(answer.headers['content-type'] ?? '', 'text/plain', 'media type of the refusal')
    },
  }),
)

const LIMIT = 2 * 1024 * 1024

/** Names that Orca takes without a look: here any defined answer is right, and the server must live on. */
const ODD = ['', 'with space', 'a/b', '../x', 'smile-😀', 'UPPER', 'x'.repeat(300), '-', '\u0000', 'quote\'"$(id)`id`']

async function isAlive({api}: Pick<CheckContext, 'api'>, after: string): Promise<void> {
  const answer = await api.send('GET', '/api/v1/health', {token: null})
  status(answer, 200, `health after ${after}`)
}

/** Shapes, texts and statuses of requests that deploy nothing. */
export const wireChecks: readonly ConformanceCheck[] = [
  {
    group: 'wire',
    name: 'health answers everybody with status ok',
    async run({api}) {
      const answer = await api.send('GET', '/api/v1/health', {token: null})
      status(answer, 200, 'health')
      equal(answer.json(), {status: 'ok'}, 'health')
    },
  },
  {
    group: 'wire',
    name: 'status names the cluster and lists services; an unknown project has none',
    async run({api}) {
      const answer = await api.send('GET', '/api/v1/status?project=no-such-project-here')
      status(answer, 200, 'status')
      member(answer.json(), 'cluster_name', 'string')
      equal(list(answer.json(), 'services'), [], 'services')
    },
  },
  {
    group: 'wire',
    name: "metrics have Orca's three gauges with HELP and TYPE",
    async run({api}) {
      const answer = await api.send('GET', '/metrics')
      status(answer, 200, 'metrics')
      contains(answer.headers['content-type'] ?? '', 'text/plain', 'media type')
      for (const name of ['orca_services_total', 'orca_instances_total', 'orca_nodes_total']) {
        contains(answer.text, `# TYPE ${name} gauge`, 'metrics')
        contains(answer.text, `# HELP ${name} `, 'metrics')
      }
      ok(/^orca_services_total \d+$/m.test(answer.text), 'orca_services_total has no value')
      ok(/^orca_nodes_total [1-9]\d*$/m.test(answer.text), 'orca_nodes_total has no value')
    },
  },
  {
    group: 'wire',
    name: 'an unknown path is an empty 404, a wrong method on a known one an empty 405',
    async run({api}) {
      const unknown = await api.send('GET', '/api/v1/no-such-thing')
      status(unknown, [404, 403], 'unknown path')
      const wrong = await api.send('PUT', '/api/v1/status')
      status(wrong, 405, 'wrong method')
      textIs(wrong, '', 'body of the 405')
    },
  },
  {
    group: 'wire',
    name: 'an empty deploy is a 200 with two empty lists',
    async run({bench}) {
      const answer = await bench.deploy()
      status(answer, 200, 'deploy of nothing')
      equal(answer.json(), {deployed: [], errors: []}, 'deploy of nothing')
    },
  },
  ...bodyChecks,
  {
    group: 'wire',
    name: 'a body above 2 MiB is a 413',
    async run({api}) {
      const body = JSON.stringify({services: [], padding: 'x'.repeat(LIMIT)})
      const answer = await api.send('POST', '/api/v1/deploy', {body, headers: JSON_TYPE})
      status(answer, 413, 'large body')
      contains(answer.text, 'length limit exceeded', 'large body')
    },
  },
  ...ODD.map(
    (name): ConformanceCheck => ({
      group: 'wire',
      name: `a service named ${JSON.stringify(name.slice(0, 20))} gets a defined answer, and the server lives on`,
      async run(context) {
        const {api, bench} = context
        const services = [{...bench.service('odd'), name, replicas: 0}]
        defined(await api.send('POST', '/api/v1/deploy', {json: {services}}), 'deploy')
        defined(await api.send('DELETE', `/api/v1/services/${encodeURIComponent(name)}`), 'stop')
        await isAlive(context, 'an odd name')
      },
    }),
  ),
  {
    group: 'wire',
    name: 'port 0 gets a defined answer, and the server lives on',
    async run(context) {
      defined(
        await context.bench.deploy({...context.bench.service(context.bench.name()), port: 0, replicas: 0}),
        'deploy',
      )
      await isAlive(context, 'port 0')
    },
  },
  {
    group: 'wire',
    name: 'acts on an unknown service are a 500 (logs: 404) in words that name it',
    async run({api, bench}) {
      const acts: readonly [method: string, path: string, json: unknown, status: number, text: string][] = [
        ['POST', 'ghost/scale', {replicas: 1}, 500, "scale failed: service 'ghost' not found"],
        ['POST', 'ghost/rollback', undefined, 500, 'rollback ghost failed: '],
        ['POST', 'ghost/promote', undefined, 500, "promote ghost failed: service 'ghost' not found"],
        ['DELETE', 'ghost', undefined, 500, "stop ghost failed: service 'ghost' not found"],
        ['GET', 'ghost/logs', undefined, 404, "service 'ghost' not found"],
      ]
      ok((await bench.row('ghost')) === undefined, "there is a service 'ghost'")
      for (const [method, path, json, code, text] of acts) {
        const answer = await api.send(method, `/api/v1/services/${path}`, json === undefined ? {} : {json})
        status(answer, code, path)
        contains(answer.text, text, path)
      }
    },
  },
]
