import {readFile} from 'node:fs/promises'
import {createServer} from 'node:http'

const {version} = JSON.parse(await readFile(new URL('package.json', import.meta.url), 'utf8'))
const {PORT = '3000', GREETING = 'Hello', FILES_URL, REGISTRY_URL} = process.env
const TIMEOUT_MS = 2_000

const log = (fields) => process.stdout.write(`${JSON.stringify(fields)}\n`)

/** The text at the address, or why there is none. */
async function ask(url) {
  try {
    const answer = await fetch(url, {signal: AbortSignal.timeout(TIMEOUT_MS)})
    return {url, status: answer.status, text: (await answer.text()).trim()}
  } catch (error) {
    return {url, error: error.cause?.code ?? error.message}
  }
}

const routes = {
  '/': () => ({greeting: GREETING, version}),
  '/health': () => ({ok: true}),
  '/neighbours': async () => {
    const [files, registry] = await Promise.all([ask(`${FILES_URL}/motd.txt`), ask(`${REGISTRY_URL}/-/ping`)])
    return {files, registry}
  },
}

const server = createServer(async (request, response) => {
  const {pathname} = new URL(request.url, 'http://localhost')
  const route = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined
  if (pathname !== '/health') log({level: 'info', method: request.method, path: pathname})
  response.writeHead(route === undefined ? 404 : 200, {'content-type': 'application/json'})
  response.end(`${JSON.stringify(route === undefined ? {error: 'not found'} : await route())}\n`)
})

server.listen(Number(PORT), '127.0.0.1', () => {
  log({level: 'info', msg: `hello ${version} listens`, port: Number(PORT)})
})

// A stop lets requests under way finish.
process.on('SIGTERM', () => server.close(() => process.exit(0)))
