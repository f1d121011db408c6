import {homedir} from 'node:os'
import {basename, posix, resolve} from 'node:path'
import {type CallOptions, OmniError, requireFacet} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {passOn} from '../../apps/exec.ts'
import {chooseMachine} from '../choose.ts'
import {copyTree, type TreeOutcome} from './copy-tree.ts'
import {type Endpoint, type Owner, parseEndpoint} from './endpoint.ts'
import {localSide} from './local-side.ts'
import {machineSide} from './machine-side.ts'
import {createMeter, type Meter} from './meter.ts'
import {follow, type KnownPlace, meansContents, type Place, placeFor} from './place.ts'

export interface CopyRequest extends CallOptions {
  readonly source: string
  readonly target: string
  readonly recursive: boolean
  readonly owner?: Owner | undefined
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
}

/** What was copied; `skipped` are paths of things that cannot be copied. */
export interface CopyOutcome extends TreeOutcome {
  readonly source: string
  readonly target: string
  readonly bytes: number
}

/**
 * Copies between this machine and instances. USAGE for what makes no sense before anything is touched, NOT_FOUND,
 * CONFLICT for something else in the way. A file is there as a whole or not at all.
 */
export async function copyFiles(session: Session, request: CopyRequest): Promise<CopyOutcome> {
  const [from, to] = [parseEndpoint(request.source), parseEndpoint(request.target)]
  refusePair(from, to, request)
  const meter = createMeter(request.onProgress ?? (() => undefined))
  const outcome = await copyBetween(session, from, to, {...request, meter})
  const {target, ...copied} = outcome
  return {source: request.source, target, bytes: meter.bytes, ...copied}
}

function refusePair(from: Endpoint, to: Endpoint, {recursive, owner}: CopyRequest): void {
  if (from.type !== 'machine' && to.type !== 'machine') {
    throw new OmniError('USAGE', 'one side is a path in an instance: NAME:/path', {hint: 'omni cp file NAME:/path'})
  }
  if (recursive && (from.type === 'stream' || to.type === 'stream')) {
    throw new OmniError('USAGE', '"-" is one file; a folder has none', {hint: 'leave out --recursive'})
  }
  if (owner !== undefined && to.type !== 'machine') {
    throw new OmniError('USAGE', '--owner is for files that go into an instance', {hint: 'leave out --owner'})
  }
}

type Copying = CopyRequest & {readonly meter: Meter}
type Copied = TreeOutcome & {readonly target: string}

const ONE_FILE: TreeOutcome = {files: 1, folders: 0, links: 0, skipped: []}

async function copyBetween(session: Session, from: Endpoint, to: Endpoint, request: Copying): Promise<Copied> {
  const {signal, meter, owner} = request
  const target = to.type === 'stream' ? undefined : await openPlace(session, to, {signal})
  if (from.type === 'stream') {
    if (target === undefined) throw new OmniError('USAGE', 'one side is a path in an instance: NAME:/path')
    return takeStdin(target, request)
  }
  const source = await findSource(await openPlace(session, from, {signal}), request)
  if (source.entry.type === 'file') meter.expect(source.entry.sizeBytes)
  if (target === undefined) {
    await giveStdout(source, request)
    return {...ONE_FILE, target: '-'}
  }
  const isFolder = source.entry.type === 'directory'
  const place = await placeFor({name: nameOf(source.given), isFolder, isContents: meansContents(from.path)}, target, {
    signal,
  })
  refuseCircle(source, place)
  const outcome = await copyTree(source, place, {signal, meter, owner})
  return {...outcome, target: place.side.show(place.path)}
}

async function openPlace(
  session: Session,
  endpoint: Extract<Endpoint, {path: string}>,
  options: CallOptions,
): Promise<Place> {
  if (endpoint.type === 'local') return {side: localSide, path: withSlash(resolve(home(endpoint.path)), endpoint.path)}
  const {driver, name} = await chooseMachine(session, [endpoint.name], options)
  const side = machineSide(name, requireFacet(driver, 'files'))
  return {side, path: posix.normalize(endpoint.path)}
}

/** A slash at the end says that a folder is meant. */
const withSlash = (path: string, written: string): string => (/[^/]\/$/.test(written) ? `${path}/` : path)

/** Shells leave the tilde of `NAME:~` and of quoted words as it is; ours is the only home that is known. */
const home = (path: string): string => (path === '~' || path.startsWith('~/') ? homedir() + path.slice(1) : path)

async function findSource(place: Place, {recursive, signal}: Copying): Promise<KnownPlace & {readonly given: string}> {
  const {side} = place
  const path = place.path.replace(/\/+$/, '') || '/'
  const entry = recursive ? await side.stat(path, {signal}) : undefined
  const found = entry === undefined ? await follow({side, path}, {signal}) : {side, path, entry}
  if (found === undefined) throw new OmniError('NOT_FOUND', `there is no '${side.show(path)}'`)
  if (found.entry.type === 'directory' && !recursive) {
    throw new OmniError('USAGE', `'${side.show(path)}' is a folder`, {hint: 'the same command with --recursive'})
  }
  if (found.entry.type === 'other') throw new OmniError('USAGE', `'${side.show(path)}' is no regular file`)
  return {...found, given: path}
}

const nameOf = (path: string): string => basename(path)

/** A folder into itself never ends. */
function refuseCircle(source: KnownPlace, target: Place): void {
  const [from, to] = [source.side.show(source.path), target.side.show(target.path)]
  if (to !== from && !(source.entry.type === 'directory' && to.startsWith(from.replace(/\/?$/, '/')))) return
  throw new OmniError('USAGE', `'${to}' lies in '${from}', which is to be copied`)
}

async function takeStdin(target: Place, {stdin, meter, owner, signal}: Copying): Promise<Copied> {
  const place = await placeFor({name: '', isFolder: false, isContents: true}, target, {signal})
  const {side, path} = place
  if ((await side.stat(path, {signal}))?.type === 'directory') {
    throw new OmniError('USAGE', `'${side.show(path)}' is a folder; name the file`, {
      hint: `omni cp - ${side.show(path)}/NAME`,
    })
  }
  await side.write(path, meter.count(stdin), {...owner}, {signal})
  return {...ONE_FILE, target: side.show(path)}
}

async function giveStdout({side, path}: KnownPlace, {stdout, meter, signal}: Copying): Promise<void> {
  const write = passOn(stdout)
  for await (const chunk of meter.count(await side.read(path, {signal}))) await write(chunk)
}
