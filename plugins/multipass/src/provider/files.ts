import {randomBytes} from 'node:crypto'
import {PassThrough} from 'node:stream'
import {
  type CallOptions,
  type ExecResult,
  escapeTerminal,
  type FileEntry,
  type FileFacet,
  type FileWriteOptions,
  messageOf,
  OmniError,
} from '@omni-cli/sdk'
import {failureOf} from '../client/failure.ts'
import * as requests from '../client/requests.ts'
import type {Driver} from './driver.ts'
import {NO_LIMIT_MS, requireRunning} from './exec.ts'

/** Type, mode, user, group, size, name and target of each thing, each ended by a zero byte. */
const PRINTED = String.raw`%y\0%m\0%U\0%G\0%s\0%f\0%l\0`

const TYPES: Readonly<Record<string, FileEntry['type']>> = {f: 'file', d: 'directory', l: 'symlink'}

/** Exit statuses of our scripts; programs they call use small ones. */
const [IS_FOLDER, NO_PARENT, IS_THERE] = [81, 82, 83]

/** Beside its place and then renamed: readers see the old or the new content. A link is followed. */
const INSTALL = `tmp=$1 dest=$2 mode=$3 uid=$4 gid=$5
trap 'rm -f -- "$tmp"' EXIT
[ ! -d "$dest" ] || exit ${IS_FOLDER}
[ ! -L "$dest" ] || dest=$(readlink -f -- "$dest") || exit ${NO_PARENT}
[ -d "$(dirname -- "$dest")" ] || exit ${NO_PARENT}
if [ -e "$dest" ]; then
  mode=\${mode:-$(stat -c %a -- "$dest")} uid=\${uid:-$(stat -c %u -- "$dest")} gid=\${gid:-$(stat -c %g -- "$dest")}
fi
new=$dest.omni-$$
install -m "\${mode:-644}" \${uid:+-o "$uid"} \${gid:+-g "$gid"} -T -- "$tmp" "$new" && mv -fT -- "$new" "$dest" && exit 0
rm -f -- "$new"
exit 1`

const MAKE_FOLDER = `path=$1 mode=$2
[ ! -d "$path" ] || exit 0
[ ! -e "$path" ] || exit ${IS_THERE}
[ -d "$(dirname -- "$path")" ] || exit ${NO_PARENT}
mkdir -m "\${mode:-755}" -- "$path"`

const MAKE_SYMLINK = `path=$1 target=$2
[ ! -e "$path" ] && [ ! -L "$path" ] || exit ${IS_THERE}
[ -d "$(dirname -- "$path")" ] || exit ${NO_PARENT}
ln -s -- "$target" "$path"`

/** Files inside, as root; content goes in by `transfer`, which writes as the user ubuntu, and is put in place by root. */
export function createFileFacet(driver: Driver): FileFacet {
  const {client} = driver
  const ask = (name: string, argv: readonly string[], options: CallOptions): Promise<ExecResult> =>
    client.ask(requests.exec({name, argv}), {signal: options.signal})
  const script = async (name: string, [text, ...words]: readonly string[], options: CallOptions) => {
    const result = await ask(name, ['sh', '-c', text ?? '', 'sh', ...words], options)
    if (result.exitCode !== 0) throw scriptFailure(name, words.slice(-5), result)
  }
  const entries = async (name: string, [path, ...words]: readonly string[], options: CallOptions) => {
    const argv = ['find', path ?? '/', ...words, '-printf', PRINTED]
    const result = await client.ask(requests.exec({name, argv, env: {LC_ALL: 'C'}}), {signal: options.signal})
    if (result.exitCode === 0) return parseEntries(result.stdout)
    if (/No such file or directory/.test(result.stderr)) return undefined
    if (/Not a directory/.test(result.stderr)) throw new OmniError('IO', `'${path}' in '${name}' is no folder`)
    throw failureOf(result)
  }
  const stat = async (name: string, path: string, options: CallOptions) => {
    const found = await entries(name, [path, '-maxdepth', '0'], options)
    return found?.[0] === undefined ? undefined : {...found[0], name: path}
  }
  return {
    async stat(name, path, options = {}) {
      await requireRunning(driver, name, options)
      return await stat(name, path, options)
    },
    async list(name, path, options = {}) {
      await requireRunning(driver, name, options)
      const found = await entries(name, [`${path.replace(/\/+$/, '')}/`, '-mindepth', '1', '-maxdepth', '1'], options)
      if (found === undefined) throw absent(name, path)
      return found
    },
    async read(name, path, options = {}) {
      await requireRunning(driver, name, options)
      const found = await stat(name, path, options)
      if (found === undefined) throw absent(name, path)
      if (found.type === 'directory') throw new OmniError('IO', `'${path}' in '${name}' is a folder`)
      return readStream(driver, {name, path}, options)
    },
    async write(name, path, content, options = {}) {
      await requireRunning(driver, name, options)
      const temporary = `/tmp/.omni-${randomBytes(8).toString('hex')}`
      try {
        await client.run(requests.upload(name, temporary), {
          input: content,
          signal: options.signal,
          timeoutMs: NO_LIMIT_MS,
        })
      } catch (error) {
        await ask(name, ['rm', '-f', '--', temporary], {}).catch(() => undefined)
        throw error
      }
      await script(name, [INSTALL, temporary, path, ...ownerWords(options)], options)
    },
    async makeFolder(name, path, options = {}) {
      await requireRunning(driver, name, options)
      await script(name, [MAKE_FOLDER, path, modeText(options.mode)], options)
    },
    async makeSymlink(name, path, target, options = {}) {
      await requireRunning(driver, name, options)
      await script(name, [MAKE_SYMLINK, path, target], options)
    },
  }
}

const modeText = (mode: number | undefined): string => (mode === undefined ? '' : mode.toString(8))

const ownerWords = ({mode, uid, gid}: FileWriteOptions): string[] => [
  modeText(mode),
  ...[uid, gid].map((id) => (id === undefined ? '' : String(id))),
]

const absent = (name: string, path: string): OmniError => new OmniError('NOT_FOUND', `no '${path}' in '${name}'`)

function scriptFailure(name: string, words: readonly string[], result: ExecResult): OmniError {
  const path = words.find((word) => word.startsWith('/') && !word.startsWith('/tmp/.omni-')) ?? ''
  if (result.exitCode === IS_FOLDER) return new OmniError('CONFLICT', `'${path}' in '${name}' is a folder`)
  if (result.exitCode === NO_PARENT) return new OmniError('NOT_FOUND', `the folder of '${path}' is not in '${name}'`)
  if (result.exitCode === IS_THERE) return new OmniError('CONFLICT', `'${path}' is in '${name}' already`)
  if (result.stderr.startsWith('exec failed: ')) return failureOf(result)
  return new OmniError('IO', `cannot write '${path}' in '${name}': ${escapeTerminal(result.stderr.trim())}`)
}

/** Seven fields each. */
function parseEntries(text: string): FileEntry[] {
  const fields = text.split('\0').slice(0, -1)
  const rows = Array.from({length: Math.floor(fields.length / 7)}, (_, row) => fields.slice(row * 7, row * 7 + 7))
  return rows.map(([type = '', mode = '', uid = '', gid = '', size = '', name = '', target = '']) => ({
    name,
    type: TYPES[type] ?? 'other',
    mode: Number.parseInt(mode, 8),
    uid: Number(uid),
    gid: Number(gid),
    ...(type === 'f' ? {sizeBytes: Number(size)} : {}),
    ...(type === 'l' ? {target} : {}),
  }))
}

/** Resolves when it takes more, and when nobody reads it any more. */
function drained(stream: PassThrough): Promise<void> {
  const {promise, resolve} = Promise.withResolvers<void>()
  const done = () => {
    stream.off('drain', done).off('close', done)
    resolve()
  }
  stream.once('drain', done).once('close', done)
  return promise
}

/** As fast as it is read. It fails when not all of it came. */
function readStream(
  {client}: Driver,
  {name, path}: {readonly name: string; readonly path: string},
  {signal}: CallOptions,
): NodeJS.ReadableStream {
  const stream = new PassThrough()
  const gone = new AbortController()
  stream.once('close', () => gone.abort())
  const push = (chunk: Buffer): unknown => stream.write(chunk) || drained(stream)
  client
    .ask(requests.exec({name, argv: ['cat', '--', path]}), {
      timeoutMs: NO_LIMIT_MS,
      signal: signal === undefined ? gone.signal : AbortSignal.any([signal, gone.signal]),
      keepsOutput: false,
      onStdout: push,
    })
    .then((result) => {
      if (result.exitCode === 0) stream.end()
      else stream.destroy(new OmniError('IO', `cannot read '${path}' in '${name}': ${failureOf(result).message}`))
    })
    .catch((error: unknown) => stream.destroy(error instanceof Error ? error : new Error(messageOf(error))))
  return stream
}
