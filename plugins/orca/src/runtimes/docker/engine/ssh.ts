import {spawn} from 'node:child_process'
import {Agent, type AgentOptions} from 'node:http'
import {Duplex} from 'node:stream'

export interface SshTarget {
  readonly user?: string | undefined
  readonly hostname: string
  readonly port?: number | undefined
}

/** Nothing that ssh, or a shell behind it, could take for more than a name. */
const NAME = '[A-Za-z0-9_][A-Za-z0-9_.-]*'
const SSH = new RegExp(`^ssh://(?:(${NAME})@)?(${NAME}|\\[[0-9a-fA-F:.]+(?:%[A-Za-z0-9_.-]+)?\\])(?::(\\d{1,5}))?/?$`)

/** `ssh://[user@]host[:port]`; undefined when it is none. */
export function parseSshHost(text: string): SshTarget | undefined {
  const [, user, host, port] = SSH.exec(text) ?? []
  if (host === undefined || (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))) return undefined
  return {
    hostname: host.replace(/^\[|\]$/g, ''),
    ...(user === undefined ? {} : {user}),
    ...(port === undefined ? {} : {port: Number(port)}),
  }
}

/** The user's own ssh, with his keys, agent and configuration. It asks for nothing: nobody may be there to answer. */
export const sshCommand = ({user, hostname, port}: SshTarget): string[] => [
  ...['ssh', '-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=30'],
  ...(user === undefined ? [] : ['-l', user]),
  ...(port === undefined ? [] : ['-p', String(port)]),
  ...['--', hostname, 'docker', 'system', 'dial-stdio'],
]

/** Connections through `docker system dial-stdio` on the other machine, one program each. */
export function sshAgent(
  target: SshTarget,
  env: Readonly<Record<string, string | undefined>>,
  options: AgentOptions,
): Agent {
  const agent = new Agent(options)
  return Object.assign(agent, {createConnection: () => dial(target, env)})
}

const LAST_WORDS = 500

function dial(target: SshTarget, env: Readonly<Record<string, string | undefined>>): Duplex {
  const [file = 'ssh', ...argv] = sshCommand(target)
  const child = spawn(file, argv, {stdio: ['pipe', 'pipe', 'pipe'], env: {...env}})
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString('utf8')).slice(-LAST_WORDS)
  })
  const socket = new Duplex({
    read: () => void child.stdout.resume(),
    // When nobody reads any more, the end of the program says why.
    write: (chunk, _, done) => void child.stdin.write(chunk, () => done()),
    final: (done) => void child.stdin.end(() => done()),
    destroy(error, done) {
      child.kill()
      done(error)
    },
  })
  child.stdout.on('data', (chunk: Buffer) => {
    if (!socket.push(chunk)) child.stdout.pause()
  })
  child.stdin.on('error', () => undefined)
  child.once('error', (error) => socket.destroy(error))
  child.once('close', (status) => {
    const reason = words.trim().split('\n').at(-1)
    if (status === 0 || status === null) socket.push(null)
    else socket.destroy(new Error(`ssh ended with ${status}${reason ? `: ${reason}` : ''}`))
  })
  return asSocket(socket, child)
}

/** What `http` asks of a socket; a pipe has nothing of it. */
function asSocket(socket: Duplex, child: {ref(): void; unref(): void}): Duplex {
  const same = () => socket
  return Object.assign(socket, {
    ...{setKeepAlive: same, setNoDelay: same, setTimeout: same},
    ref: () => {
      child.ref()
      return socket
    },
    unref: () => {
      child.unref()
      return socket
    },
  })
}
