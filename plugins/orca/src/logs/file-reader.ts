import type {LogLine} from '@omni-cli/sdk'
import {findTail, type LogPosition} from './backwards.ts'
import {findSince} from './find-since.ts'
import {createJsonFileParser} from './json-file.ts'
import {closeAll, type OpenLog, openRotated} from './rotated-files.ts'
import type {LineParser, LogFile, LogReader, ReadStart} from './source.ts'
import {createStoredParser} from './stored-line.ts'
import {LogTexts} from './texts.ts'

/** Reads one log file forwards, over its rotations, also those that happen meanwhile. */
export class LogFileReader implements LogReader {
  readonly #file: LogFile
  readonly #start: ReadStart
  readonly #parser: LineParser
  /** Files that come after the one that is read. */
  #queue: OpenLog[] = []
  #texts: LogTexts | undefined
  /** Sizes at the start: a busy writer must not make a finite read endless. */
  #limits = new Map<OpenLog, number>()
  #skip = 0
  #lastTime = ''
  #isDone = false

  constructor(file: LogFile, start: ReadStart = {}) {
    this.#file = file
    this.#start = start
    this.#parser = parserOf(file)
  }

  async next(): Promise<LogLine[] | undefined> {
    if (this.#texts === undefined && !this.#isDone) await this.#open()
    while (this.#texts !== undefined) {
      const text = await this.#texts.next()
      const lines = text === undefined ? [] : this.#linesOf(text)
      if (lines.length > 0) return lines
      if (text === undefined && !(await this.#advance())) return this.#last()
    }
    return undefined
  }

  async close(): Promise<void> {
    this.#isDone = true
    const logs = [...(this.#texts === undefined ? [] : [this.#texts.log]), ...this.#queue]
    this.#texts = undefined
    this.#queue = []
    await closeAll(logs)
  }

  async #open(): Promise<void> {
    const {since, follow} = this.#start
    const all = await openRotated(this.#file.path)
    const logs = since === undefined ? all : all.filter((log) => log.changedAtMs >= Date.parse(since))
    await closeAll(all.filter((log) => !logs.includes(log)))
    this.#queue = logs
    if (logs.length === 0) {
      this.#isDone = follow !== true
      return
    }
    for (const log of follow === true ? [] : logs) this.#limits.set(log, await log.size())
    const {index, offset} = await this.#seek(logs)
    await closeAll(this.#queue.splice(0, index))
    this.#read(this.#queue.shift(), offset)
  }

  #read(log: OpenLog | undefined, offset: number): void {
    this.#texts = log === undefined ? undefined : new LogTexts(log, offset, this.#limits.get(log))
  }

  async #seek(logs: readonly OpenLog[]): Promise<LogPosition> {
    const {tail, since} = this.#start
    if (tail !== undefined) return this.#seekTail(logs, Math.max(0, tail))
    const [first] = logs
    const offset = since === undefined || first === undefined ? 0 : await findSince(first, since, this.#file)
    return {index: 0, offset}
  }

  /** Lines of a file may be pieces of longer ones, or torn: what counts is what comes out. */
  async #seekTail(logs: readonly OpenLog[], tail: number): Promise<LogPosition> {
    for (let wanted = tail + 1; ; wanted = 2 * wanted + 64) {
      const position = await findTail(logs, wanted)
      const count = await this.#count(logs, position)
      const isAll = position.index === 0 && position.offset === 0
      // The first one may be the end of a longer line.
      if (!isAll && count <= tail) continue
      this.#skip = Math.max(0, count - tail)
      return position
    }
  }

  async #count(logs: readonly OpenLog[], {index, offset}: LogPosition): Promise<number> {
    const parser = parserOf(this.#file)
    let count = 0
    for (const [at, log] of logs.entries()) {
      if (at < index) continue
      const texts = new LogTexts(log, at === index ? offset : 0, this.#limits.get(log) ?? (await log.size()))
      for (let text = await texts.next(); text !== undefined; text = await texts.next()) {
        const lines: LogLine[] = []
        parser.parse(text, lines)
        count += lines.length
      }
    }
    const last: LogLine[] = []
    parser.flush(last)
    return count + last.length
  }

  #linesOf(text: string): LogLine[] {
    const lines: LogLine[] = []
    this.#parser.parse(text, lines)
    return this.#wanted(lines)
  }

  #wanted(lines: LogLine[]): LogLine[] {
    const skipped = Math.min(this.#skip, lines.length)
    this.#skip -= skipped
    this.#lastTime = lines.at(-1)?.time ?? this.#lastTime
    const rest = skipped === 0 ? lines : lines.slice(skipped)
    const {since} = this.#start
    return since === undefined || (rest[0]?.time ?? '') >= since ? rest : rest.filter(({time}) => time >= since)
  }

  /** True when there may be more: in the file, or in the next one. */
  async #advance(): Promise<boolean> {
    const current = this.#texts?.log
    if (current === undefined) return false
    const next = this.#queue.shift()
    if (next !== undefined) {
      this.#read(next, 0)
      await current.close()
      return true
    }
    if (this.#start.follow !== true) return false
    const successor = await openSuccessor(this.#file, {inode: current.inode, lastTime: this.#lastTime})
    if (successor === undefined) return false
    // Lines may have been written between the end that we saw and the rotation: the old file is read once more.
    this.#queue.push(successor)
    return true
  }

  #last(): LogLine[] | undefined {
    if (this.#start.follow === true || this.#isDone) return undefined
    this.#isDone = true
    const lines: LogLine[] = []
    this.#parser.flush(lines)
    const wanted = this.#wanted(lines)
    return wanted.length === 0 ? undefined : wanted
  }
}

const parserOf = ({format, replica}: LogFile): LineParser =>
  format === 'omni' ? createStoredParser(replica) : createJsonFileParser(replica)

interface Predecessor {
  readonly inode: number
  /** Of the last line that was read; '' when there was none. */
  readonly lastTime: string
}

/** The file that was begun when this one was rotated away; undefined while it is the newest. */
async function openSuccessor(file: LogFile, {inode, lastTime}: Predecessor): Promise<OpenLog | undefined> {
  const logs = await openRotated(file.path)
  const at = logs.findIndex((log) => log.inode === inode)
  const next = at >= 0 ? logs[at + 1] : await firstAfter(logs, file, lastTime)
  await closeAll(logs.filter((log) => log !== next))
  return next
}

/** One that is gone altogether, or was compressed, was followed by the oldest that begins after its end. */
async function firstAfter(logs: readonly OpenLog[], file: LogFile, lastTime: string): Promise<OpenLog | undefined> {
  for (const log of logs) {
    const lines: LogLine[] = []
    parserOf(file).parse((await new LogTexts(log, 0).next()) ?? '', lines)
    const first = lines[0]
    if (first === undefined || first.time > lastTime) return log
  }
  return undefined
}
