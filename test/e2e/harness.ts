import {spawn} from 'node:child_process'
import {mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'

/** The built program, as a user's shell starts it. */
export const OMNI_BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

export interface OmniResult {
  readonly code: number
  /** Everything on a terminal run, where the two streams are one. */
  readonly stdout: string
  readonly stderr: string
}

export interface OmniOptions {
  /** A folder of `createHome()`; its processes end with `removeHome`. */
  readonly home: string
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  readonly input?: string | undefined
  readonly cwd?: string | undefined
  /** Runs under a pseudo terminal. */
  readonly tty?: boolean | undefined
  /** Default 60 s; then SIGKILL and a rejection. */
  readonly timeoutMs?: number | undefined
}

/** A fresh folder that is both HOME and parent of OMNI_HOME; short, for the sake of Unix sockets. */
export async function createHome(): Promise<string> {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'omni-')))
  await mkdir(join(home, '.ome'), {mode: 0o700})
  return home
}

/** Ends every process that belongs to the home, then removes it. */
export async function removeHome(home: string): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const pids = await processesOf(home)
    if (pids.length === 0) break
    for (const pid of pids) kill(pid)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  await rm(home, {recursive: true, force: true, maxRetries: 5, retryDelay: 50})
}

/** The environment of a run: nothing of the tester's own configuration gets in. */
export function omniEnv(home: string, extra: OmniOptions['env'] = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([key]) => !/^(OMNI_|OME_|XDG_|NODE_|VITEST|npm_)/.test(key))
  const env = {
    ...Object.fromEntries(inherited),
    HOME: home,
    OMNI_HOME: join(home, '.ome'),
    NO_COLOR: '1',
    TERM: 'xterm',
    ...extra,
  }
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined))
}

/** Runs `omni ARGS` to its end. */
export function omni(args: readonly string[], options: OmniOptions): Promise<OmniResult> {
  const plain = [process.execPath, OMNI_BIN, ...args]
  const argv = options.tty === true ? ['script', '-qec', plain.map(quote).join(' '), '/dev/null'] : plain
  return run(argv, options)
}

/** Runs any program in the surroundings of `home`. */
export function run(argv: readonly string[], options: OmniOptions): Promise<OmniResult> {
  const [file = '', ...args] = argv
  const timeoutMs = options.timeoutMs ?? 60_000
  const child = spawn(file, args, {cwd: options.cwd ?? options.home, env: omniEnv(options.home, options.env)})
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')

  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`"${args.join(' ')}" did not end in ${timeoutMs} ms\n${Buffer.concat([...out, ...err])}`))
    }, timeoutMs)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const stdout = Buffer.concat(out).toString()
      const stderr = Buffer.concat(err).toString()
      resolve({code: code ?? (signal === 'SIGINT' ? 130 : 128), stdout, stderr})
    })
  })
}

/** Process ids that carry the home in their environment, working directory or arguments. */
export async function processesOf(home: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  const owned = await Promise.all(pids.map(async (pid) => ((await belongsTo(pid, home)) ? [Number(pid)] : [])))
  return owned.flat()
}

async function belongsTo(pid: string, home: string): Promise<boolean> {
  const [environ, cmdline, cwd, stat] = await Promise.all([
    readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
    readlink(`/proc/${pid}/cwd`).catch(() => ''),
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
  ])
  const isZombie = /\) Z /.test(stat)
  return !isZombie && (`${environ}\0${cmdline}`.includes(home) || cwd === home || cwd.startsWith(`${home}/`))
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`
