import type {BenchHome} from './home.ts'

/** A web server that listens at once and answers its version. */
export const webServer = (version: string): string => `
import {createServer} from 'node:http'
const server = createServer((_, response) => response.end('${version}'))
server.listen(process.env.PORT, '127.0.0.1')
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`

/** Writes the web app with this version; three replicas. */
export function writeWeb(home: BenchHome, version: string): void {
  home.write('app/server.mjs', webServer(version))
  home.write(
    'app/omni.yaml',
    'services:\n  web:\n    source: .\n    command: node server.mjs\n    port: 3000\n    replicas: 3\n    readiness: {path: /, interval_secs: 1}\n',
  )
}

export interface SeenService {
  readonly name: string
  readonly status: string
  readonly runningReplicas: number
  readonly release: string
  readonly endpoints: readonly {readonly url: string; readonly via: string}[]
  readonly replicas: readonly {
    readonly name: string
    readonly pid: number
    readonly address: string
    readonly status: string
  }[]
}

export const lookAt = async (home: BenchHome, name: string): Promise<SeenService> =>
  JSON.parse(await home.omni('status', name, '-o', 'json'))

/** Address of the service's own port, through the proxy. */
export const urlOf = ({endpoints}: SeenService): string => endpoints.find(({via}) => via === 'local')?.url ?? ''
