import {spawn} from 'node:child_process'
import {randomBytes} from 'node:crypto'
import {mkdirSync, readdirSync, renameSync, rmSync} from 'node:fs'
import {join} from 'node:path'

const BATCH = 16
const SPARE = 'spare-'

/**
 * Named pipes, made ahead in batches: only a program can make them, and its start would be most of the time that
 * starting a replica takes.
 */
export class FifoPool {
  readonly #folder: string
  #spares: string[] = []
  #refill: Promise<void> | undefined

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, {recursive: true, mode: 0o700})
  }

  /** Removes what an earlier supervisor left, but for these names, and begins to make new ones. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of readdirSync(this.#folder)) {
      if (!names.has(name)) this.remove(name)
    }
    // A failure shows when a pipe is needed.
    void this.#fill().catch(() => undefined)
  }

  path(name: string): string {
    return join(this.#folder, name)
  }

  /** A pipe of this name that nobody has open yet. */
  async take(name: string): Promise<string> {
    while (this.#spares.length === 0) await this.#fill()
    const spare = this.#spares.pop() ?? ''
    if (this.#spares.length < BATCH / 2) void this.#fill().catch(() => undefined)
    renameSync(spare, this.path(name))
    return this.path(name)
  }

  remove(name: string): void {
    rmSync(this.path(name), {force: true})
  }

  #fill(): Promise<void> {
    this.#refill ??= this.#make().finally(() => {
      this.#refill = undefined
    })
    return this.#refill
  }

  async #make(): Promise<void> {
    mkdirSync(this.#folder, {recursive: true, mode: 0o700})
    const paths = Array.from({length: BATCH}, () => this.path(`${SPARE}${randomBytes(6).toString('hex')}`))
    await new Promise<void>((resolve, reject) => {
      const mkfifo = spawn('mkfifo', ['-m', '600', ...paths], {stdio: ['ignore', 'ignore', 'inherit']})
      mkfifo.once('error', reject)
      mkfifo.once('exit', (code) =>
        code === 0 ? resolve() : reject(new Error(`mkfifo failed in '${this.#folder}' (exit ${code})`)),
      )
    })
    this.#spares.push(...paths)
  }
}
