// Serves a folder over HTTP on 127.0.0.1:$PORT. Put into the release of a static site by `omni up`.
import {createReadStream} from 'node:fs'
import {realpath, stat} from 'node:fs/promises'
import {createServer} from 'node:http'
import {extname, join, resolve, sep} from 'node:path'
import {pipeline} from 'node:stream'

const TYPES = {
  '.avif': 'image/avif',
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.xml': 'application/xml',
}

const root = await realpath(resolve(process.argv[2] ?? '.'))

/** The file that a request path names, or undefined: nothing hidden, nothing outside the folder. */
async function find(pathname) {
  const parts = decodeURIComponent(pathname).split('/').filter((part) => part !== '')
  if (parts.some((part) => (part.startsWith('.') && part !== '.well-known') || part.includes('\0') || part.includes(sep))) return undefined
  const wanted = join(root, ...parts)
  for (const candidate of pathname.endsWith('/') ? [join(wanted, 'index.html')] : [wanted, `${wanted}.html`]) {
    const file = await realpath(candidate).catch(() => undefined)
    if (file === undefined || (file !== root && !file.startsWith(root + sep))) continue
    const found = await stat(file)
    if (found.isFile()) return {file, size: found.size, modified: found.mtime}
    if (found.isDirectory() && candidate === wanted) return {redirect: `${pathname}/`}
  }
  return undefined
}

function answer(response, status, text) {
  response.writeHead(status, {'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(text)})
  response.end(text)
}

async function serve(request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'method not allowed\n')
  const {pathname} = new URL(request.url, 'http://localhost')
  const found = await find(pathname)
  if (found === undefined) return answer(response, 404, 'not found\n')
  if (found.redirect !== undefined) {
    // A path that starts with two slashes would name another host.
    response.writeHead(301, {location: found.redirect.replace(/^\/+/, '/')})
    return response.end()
  }
  const etag = `"${found.size.toString(16)}-${found.modified.getTime().toString(16)}"`
  const headers = {etag, 'last-modified': found.modified.toUTCString(), 'cache-control': 'no-cache'}
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers)
    return response.end()
  }
  response.writeHead(200, {
    ...headers,
    'content-type': TYPES[extname(found.file).toLowerCase()] ?? 'application/octet-stream',
    'content-length': found.size,
    'x-content-type-options': 'nosniff',
  })
  if (request.method === 'HEAD') return response.end()
  pipeline(createReadStream(found.file), response, () => undefined)
}

const server = createServer((request, response) => {
  serve(request, response).catch((error) => answer(response, error instanceof URIError || error instanceof TypeError ? 400 : 500, 'bad request\n'))
})
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1')
process.on('SIGTERM', () => {
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
