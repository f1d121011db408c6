import {once} from 'node:events'
import {createServer} from 'node:http'
import {type Service, serviceSpec} from '@omni-cli/sdk'

/** A server that answers for `count` services, as ours would; nothing runs behind it. */
export async function serveRows(count: number): Promise<{readonly url: string; close(): void}> {
  const now = new Date().toISOString()
  const version = JSON.stringify({name: 'omni', version: '0.0.0', pid: process.pid, startedAt: now, health: {ok: true}})
  const services = JSON.stringify({services: Array.from({length: count}, (_, index) => rowOf(index, now))})
  const server = createServer((request, response) => {
    const isList = request.url?.startsWith('/api/v1/services') === true
    response.setHeader('content-type', 'application/json')
    response.end(isList ? services : version)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** What the plan of `planOf` wants, as it would be observed. */
function rowOf(index: number, now: string): Service {
  const name = `s${index}`
  return {
    name,
    project: 'rows',
    status: 'running',
    spec: serviceSpec.parse({...wantedOf(index), name, project: 'rows', labels: {'omni.plan': 'rows'}}),
    desiredReplicas: 1,
    runningReplicas: 1,
    release: 'r1',
    endpoints: [{url: `http://127.0.0.1:${20_000 + index}`, via: 'local'}],
    replicas: [{name: `${name}-0`, index: 0, status: 'ready', release: 'r1', restarts: 0, startedAt: now}],
    createdAt: now,
    updatedAt: now,
  }
}

const wantedOf = (index: number) => ({
  command: `node server.js --number ${index}`,
  port: 3000,
  replicas: 1,
  health: '/health',
  env: {LOG_LEVEL: 'info', NUMBER: String(index)},
  depends_on: index % 10 === 0 ? [] : [`s${index - 1}`],
})

/** A plan file that wants the first `count` rows. */
export function planOf(count: number): string {
  const services = Array.from({length: count}, (_, index) => {
    const {command, port, replicas, health, env, depends_on} = wantedOf(index)
    const fields = [
      `command: ${command}`,
      `port: ${port}`,
      `replicas: ${replicas}`,
      `health: ${health}`,
      'env:',
      ...Object.entries(env).map(([key, value]) => `  ${key}: "${value}"`),
      `depends_on: [${depends_on.join(', ')}]`,
    ]
    return `  s${index}:\n${fields.map((line) => `    ${line}\n`).join('')}`
  })
  return `project: rows\nservices:\n${services.join('')}`
}
