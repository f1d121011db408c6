// An app for tests that behaves as its environment says. Plain JavaScript: it runs inside of a container.
//   PORT            where it listens (default 8080); WRONG_PORT=1 listens one above
//   VERSION         what `/` answers (default 'v1'); every answer has it in the header x-version, with the host name
//   BOOT_MS         wait before it listens
//   ERRORS          share of requests that answer 500, e.g. 0.5
//   SLOW_MS         wait before each answer
//   ON_TERM         exit (default: ends requests, then exits), ignore
//   EXIT            exits at once with this status, after printing 'broken on purpose'
//   EXIT_AFTER_MS   exits with status 1 after this time
//   EAT_MB          takes this much memory at /eat
const http = require('node:http')
const os = require('node:os')

const env = process.env
const version = env.VERSION || 'v1'
const port = Number(env.PORT || 8080) + (env.WRONG_PORT ? 1 : 0)
const state = {sick: false, unready: false, eaten: [], requests: 0}

console.log(`version ${version} starts`)
if (env.EXIT) {
  console.error('broken on purpose')
  process.exit(Number(env.EXIT))
}
if (env.EXIT_AFTER_MS) setTimeout(() => process.exit(1), Number(env.EXIT_AFTER_MS))

const routes = {
  '/healthz': (_, response) => answer(response, state.sick ? 500 : 200, state.sick ? 'sick' : 'ok'),
  '/ready': (_, response) => answer(response, state.unready ? 503 : 200, state.unready ? 'not yet' : 'ready'),
  '/sick': (_, response) => ((state.sick = true), answer(response, 200, 'sick from now on')),
  '/unready': (_, response) => ((state.unready = true), answer(response, 200, 'unready from now on')),
  '/env': (_, response) => answer(response, 200, JSON.stringify(env)),
  '/headers': (request, response) => answer(response, 200, JSON.stringify(request.headers)),
  '/crash': () => process.exit(9),
  '/eat': (_, response) => {
    // Buffers that are written to, so that the pages are really there.
    for (let mb = 0; mb < Number(env.EAT_MB || 1024); mb++) state.eaten.push(Buffer.alloc(1024 * 1024, 1))
    answer(response, 200, 'eaten')
  },
  '/say': (request, response) => {
    console.log(decodeURIComponent(request.url.split('?')[1] || ''))
    answer(response, 200, 'said')
  },
}

function answer(response, status, text) {
  response.writeHead(status, {'content-type': 'text/plain', 'x-version': version, 'x-host': os.hostname()})
  response.end(text)
}

const server = http.createServer((request, response) => {
  state.requests++
  const route = routes[request.url.split('?')[0]]
  if (route) return route(request, response)
  const fails = env.ERRORS && Math.random() < Number(env.ERRORS)
  setTimeout(() => answer(response, fails ? 500 : 200, fails ? 'failed on purpose' : version), Number(env.SLOW_MS || 0))
})
server.keepAliveTimeout = 65_000
setTimeout(() => server.listen(port, () => console.log(`listening on ${port}`)), Number(env.BOOT_MS || 0))

process.on('SIGTERM', () => {
  if (env.ON_TERM === 'ignore') return console.log('SIGTERM ignored')
  console.log('SIGTERM: ending')
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
