import {Readable} from 'node:stream'
import {OmniError} from '@omni-cli/sdk'
import type {Engine} from './engine/engine.ts'

const NAME = 'omni/room'
const TAG = '1'
export const ROOM_IMAGE = `${NAME}:${TAG}`

interface Target {
  /** `e_machine` of ELF. */
  readonly machine: number
  /** Waits for ever, in a loop. */
  readonly code: readonly number[]
}

/** By the Engine's name of the architecture. */
const TARGETS: Readonly<Record<string, Target>> = {
  // mov eax, 34 (pause); syscall; jmp to the start
  x86_64: {machine: 62, code: [0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7]},
  // mov x0…x3, 0; mov x8, 73 (ppoll); svc 0; b to the start
  aarch64: {
    machine: 183,
    code: [0xd2800000, 0xd2800001, 0xd2800002, 0xd2800003, 0xd2800928, 0xd4000001, 0x17fffffa].flatMap((word) => [
      word & 0xff,
      (word >>> 8) & 0xff,
      (word >>> 16) & 0xff,
      word >>> 24,
    ]),
  },
}

const LOAD_ADDRESS = 0x400000n
const HEADERS = 64 + 56

/** A static program of some 130 bytes that does nothing until it is killed. UNSUPPORTED for another architecture. */
export function waitingProgram(architecture: string): Buffer {
  const target = Object.hasOwn(TARGETS, architecture) ? TARGETS[architecture] : undefined
  if (target === undefined) {
    throw new OmniError('UNSUPPORTED', `keep_network is not possible on the architecture '${architecture}'`, {
      hint: `take keep_network out; it works on ${Object.keys(TARGETS).join(' and ')}`,
    })
  }
  const size = HEADERS + target.code.length
  const file = Buffer.alloc(size)
  // ELF, 64 bits, little-endian, an executable for Linux.
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  file.writeUInt16LE(2, 16)
  file.writeUInt16LE(target.machine, 18)
  file.writeUInt32LE(1, 20)
  file.writeBigUInt64LE(LOAD_ADDRESS + BigInt(HEADERS), 24)
  file.writeBigUInt64LE(64n, 32)
  for (const [at, value] of [
    [52, 64],
    [54, 56],
    [56, 1],
  ] as const)
    file.writeUInt16LE(value, at)
  // One segment: the whole file, to be read and run.
  file.writeUInt32LE(1, 64)
  file.writeUInt32LE(5, 68)
  for (const [at, value] of [
    [80, LOAD_ADDRESS],
    [88, LOAD_ADDRESS],
    [96, BigInt(size)],
    [104, BigInt(size)],
  ] as const) {
    file.writeBigUInt64LE(value, at)
  }
  file.writeBigUInt64LE(0x1000n, 112)
  file.set(target.code, HEADERS)
  return file
}

/** Makes the Engine have the image; it is 1 kB. */
export async function importRoomImage(engine: Engine, architecture: string): Promise<void> {
  const {Header} = await import('tar')
  const program = waitingProgram(architecture)
  const header = Buffer.alloc(512)
  new Header({
    path: 'room',
    mode: 0o755,
    size: program.length,
    type: 'File',
    uid: 0,
    gid: 0,
    mtime: new Date(0),
  }).encode(header)
  const padding = Buffer.alloc(512 - (program.length % 512) + 1024)
  const query = {fromSrc: '-', repo: NAME, tag: TAG, changes: 'ENTRYPOINT ["/room"]'}
  const body = Readable.from([Buffer.concat([header, program, padding])])
  await engine.call('POST', '/images/create', {query, body})
}
