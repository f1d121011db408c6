import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {pipeline} from 'node:stream/promises'
import {Failure, refused} from '../command-line.ts'
import {guestEnvironment, placeOf, toHost} from '../guest.ts'
import {type Call, option} from './context.ts'
import {startOne} from './power.ts'

/** Runs the words in the folder of the machine. Starts a stopped one by itself. */
export async function exec(call: Call): Promise<number> {
  const {words, store, options} = call
  const [name = '', ...argv] = words
  if (argv.length === 0) throw new Failure(1, 'Wrong number of arguments')
  if (options.has('working-directory') && options.has('no-map-working-directory')) {
    throw new Failure(1, 'Options --working-directory and --no-map-working-directory clash')
  }
  const machine = store.find(name)
  if (machine === undefined) {
    const text = `instance "${name}" does not exist`
    const isTwice = !options.has('working-directory') && !options.has('no-map-working-directory')
    throw refused('exec', isTwice ? `${text}\nexec failed: ${text}` : text)
  }
  if (machine.state === 'Deleted') throw refused('exec', `instance "${name}" is deleted`)
  if (machine.state === 'Stopped' || machine.state === 'Suspended') await startOne(call, machine)
  if (machine.state === 'Starting') throw refused('exec', `instance "${name}" is being prepared`)
  if (call.fault('ssh-failure', name))
    throw new Failure(255, "exec failed: ssh connection failed: 'Connection refused'")
  const root = store.root(name)
  const folder = placeOf(option(call, 'working-directory') ?? '/home/ubuntu', root)
  return await run(
    call,
    argv.map((word) => toHost(word, root)),
    {root, folder, environment: guestEnvironment(store, root)},
  )
}

async function run(
  {stdin, stdout, stderr, signal}: Call,
  [program = '', ...words]: readonly string[],
  inside: {readonly root: string; readonly folder: string; readonly environment: NodeJS.ProcessEnv},
): Promise<number> {
  const input = stdin === 'inherit' ? stdin : stdin === undefined ? 'ignore' : 'pipe'
  const child = spawn(program, words, {
    cwd: inside.folder,
    env: inside.environment,
    stdio: [input, 'pipe', 'pipe'],
    signal,
  })
  const {promise, resolve} = Promise.withResolvers<number>()
  child.on('error', () => {
    // The login shell of the machine says so.
    if (!signal?.aborted) stderr.write(`bash: line 1: ${program}: command not found\n`)
    resolve(signal?.aborted ? 143 : 127)
  })
  child.on('close', (code, name) => resolve(code ?? (name === 'SIGTERM' ? 143 : 137)))
  const moves = [copyTo(child.stdout, stdout, inside.root), copyTo(child.stderr, stderr, inside.root)]
  // A program that ends before it has read everything is no fault.
  if (stdin !== undefined && stdin !== 'inherit' && child.stdin !== null) {
    pipeline(stdin, child.stdin).catch(() => undefined)
  }
  const status = await promise
  await Promise.all(moves)
  return status
}

/** Paths are written as the machine itself would print them. */
async function copyTo(from: NodeJS.ReadableStream | null, to: NodeJS.WritableStream, root: string): Promise<void> {
  for await (const chunk of from ?? []) {
    const bytes = Buffer.from(chunk)
    const shown = bytes.includes(root) ? Buffer.from(bytes.toString('latin1').replaceAll(root, ''), 'latin1') : bytes
    if (!to.write(shown)) await once(to, 'drain')
  }
}
