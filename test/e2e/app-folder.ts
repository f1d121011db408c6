import {chmod, mkdir, writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'

/** Writes files below a new folder of the home; gives its path. Files ending in `.sh` can be executed. */
export async function writeApp(home: string, name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const dir = join(home, name)
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), {recursive: true})
    await writeFile(join(dir, path), content)
    if (path.endsWith('.sh')) await chmod(join(dir, path), 0o755)
  }
  return dir
}

/** A server that answers its version on every path. `first` runs before it listens. */
export const webServer = (version: string, first = ''): string => `
import {createServer} from 'node:http'
${first}
const server = createServer((_, response) => response.end('${version}'))
server.listen(process.env.PORT, '127.0.0.1', () => process.stdout.write('listens ${version}\\n'))
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`

/** An omni.yaml with one web service `web` that runs `server.mjs`. */
export const webPlan = (more = ''): string => `services:
  web:
    source: .
    command: node server.mjs
    port: 3000
    readiness: {path: /, interval_secs: 0.2}
    deploy: {ready_timeout_secs: 5, drain_secs: 1}
    stop_grace_secs: 1
${more}`
