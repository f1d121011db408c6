/** Something to put into an archive. Paths are relative, with `/`. */
export type ArchiveEntry =
  | {readonly type: 'directory'; readonly path: string}
  | {readonly type: 'link'; readonly path: string; readonly target: string}
  | {readonly type: 'file'; readonly path: string; readonly executable: boolean; readonly sizeBytes: number}

const BLOCK = 512
const NAME_BYTES = 100
const TYPE_FLAG = {file: '0', link: '2', directory: '5', extended: 'x'} as const
/** Largest size that fits the eleven octal digits of a header. */
const MAX_OCTAL = 0o77777777777

/**
 * Head of one entry in the POSIX tar format. Owner and times are zero, so that the same content gives the same bytes
 * on every machine; names that do not fit the classic head get an extended one.
 */
export function entryHeader(entry: ArchiveEntry): Buffer {
  const path = entry.type === 'directory' ? `${entry.path}/` : entry.path
  const target = entry.type === 'link' ? entry.target : ''
  const size = entry.type === 'file' ? entry.sizeBytes : 0
  const extended = [
    ...(Buffer.byteLength(path) > NAME_BYTES ? [paxRecord('path', path)] : []),
    ...(Buffer.byteLength(target) > NAME_BYTES ? [paxRecord('linkpath', target)] : []),
    ...(size > MAX_OCTAL ? [paxRecord('size', String(size))] : []),
  ].join('')
  const mode = entry.type === 'file' && !entry.executable ? 0o644 : 0o755
  const main = header({path, target, size: Math.min(size, MAX_OCTAL), mode, flag: TYPE_FLAG[entry.type]})
  if (extended === '') return main
  const body = Buffer.from(extended)
  const head = header({path: 'PaxHeader', target: '', size: body.length, mode: 0o644, flag: TYPE_FLAG.extended})
  return Buffer.concat([head, body, padding(body.length), main])
}

/** Zeros up to the next block after `size` bytes of content. */
export const padding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)

/** End of an archive. */
export const trailer = (): Buffer => Buffer.alloc(2 * BLOCK)

interface HeaderFields {
  readonly path: string
  readonly target: string
  readonly size: number
  readonly mode: number
  readonly flag: string
}

function header({path, target, size, mode, flag}: HeaderFields): Buffer {
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, offset: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset, length, 'latin1')
  block.write(path, 0, NAME_BYTES, 'utf8')
  octal(mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  block.write('        ', 148, 8, 'latin1')
  block.write(flag, 156, 1, 'latin1')
  block.write(target, 157, NAME_BYTES, 'utf8')
  block.write('ustar\0' + '00', 257, 8, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1')
  return block
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest + String(rest).length
  if (rest + String(length).length !== length) length = rest + String(length).length
  return `${length} ${key}=${value}\n`
}
