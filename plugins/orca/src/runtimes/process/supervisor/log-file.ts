import {closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, rmSync, writeSync} from 'node:fs'
import {dirname} from 'node:path'
import {LOG_FILE_BYTES, LOG_FILE_COUNT} from '../logs/format.ts'

export interface LogFileOptions {
  readonly maxBytes?: number | undefined
  readonly maxFiles?: number | undefined
}

/**
 * A log file that is rotated by size: `x.log`, `x.log.1`, `x.log.2`. Writes are synchronous: what was read from a pipe is
 * in the file before anything else happens, a slow disk slows the writers, and nothing is buffered. A full disk loses
 * output, never the caller.
 */
export class LogFile {
  readonly #path: string
  readonly #maxBytes: number
  readonly #maxFiles: number
  #fd: number | undefined
  #size = 0
  #isTorn = false

  constructor(path: string, options: LogFileOptions = {}) {
    this.#path = path
    this.#maxBytes = options.maxBytes ?? LOG_FILE_BYTES
    this.#maxFiles = options.maxFiles ?? LOG_FILE_COUNT
  }

  /** @param block whole lines, each with its line end */
  append(block: string): void {
    try {
      const bytes = Buffer.from(block)
      if (this.#fd !== undefined && this.#size > 0 && this.#size + bytes.length > this.#maxBytes) this.#rotate()
      this.#fd ??= this.#open()
      if (this.#isTorn) this.#write(Buffer.from('\n'))
      this.#isTorn = false
      this.#write(bytes)
    } catch {
      // A part of the block may be in the file; the next one must not continue its last line.
      this.#isTorn = true
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #open(): number {
    mkdirSync(dirname(this.#path), {recursive: true, mode: 0o700})
    const fd = openSync(this.#path, 'a+', 0o600)
    this.#size = fstatSync(fd).size
    this.#isTorn ||= !endsWithLineEnd(fd, this.#size)
    return fd
  }

  #write(bytes: Buffer): void {
    if (this.#fd === undefined) return
    for (let written = 0; written < bytes.length; ) {
      const count = writeSync(this.#fd, bytes, written)
      written += count
      this.#size += count
    }
  }

  #rotate(): void {
    this.close()
    for (let index = this.#maxFiles - 1; index > 0; index--) {
      renameIfThere(index === 1 ? this.#path : `${this.#path}.${index - 1}`, `${this.#path}.${index}`)
    }
    if (this.#maxFiles === 1) rmSync(this.#path, {force: true})
  }
}

function endsWithLineEnd(fd: number, size: number): boolean {
  if (size === 0) return true
  const last = Buffer.alloc(1)
  readSync(fd, last, 0, 1, size - 1)
  return last[0] === 0x0a
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}
