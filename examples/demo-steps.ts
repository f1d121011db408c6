import {spawn} from 'node:child_process'
import {relative} from 'node:path'
import {createInterface} from 'node:readline'
import type {Readable} from 'node:stream'
import {fileURLToPath} from 'node:url'
import {styleText} from 'node:util'

/** A command that ended. */
export interface OmniRun {
  readonly args: readonly string[]
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const bin = fileURLToPath(new URL('../bin/run.js', import.meta.url))

/** Runs the built CLI on a home of its own, shows the command and what it prints. */
export function omniRunner(home: string) {
  return async (args: readonly string[], options: {readonly quiet?: boolean} = {}): Promise<OmniRun> => {
    const show = options.quiet !== true
    if (show) line(`${styleText('dim', '$')} ${styleText('bold', `omni ${args.map(shown).join(' ')}`)}`)
    const env = {...process.env, OMNI_HOME: home, ...(process.stdout.isTTY ? {} : {NO_COLOR: '1'})}
    const child = spawn(process.execPath, [bin, ...args], {env, stdio: ['ignore', 'pipe', 'pipe']})
    const ended = new Promise<number>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => resolve(code ?? 1))
    })
    const [stdout, stderr, code] = await Promise.all([read(child.stdout, show), read(child.stderr, show), ended])
    return {args, code, stdout, stderr}
  }
}

async function read(stream: Readable, show: boolean): Promise<string> {
  const lines: string[] = []
  for await (const text of createInterface({input: stream})) {
    lines.push(text)
    if (show) line(`  ${text}`)
  }
  return lines.join('\n')
}

export const headline = (text: string): void => line(`\n${styleText(['bold', 'cyan'], text)}`)

export const say = (text: string): void => line(`  ${text}`)

/** Prints what was observed; ends the demo when it was not. */
export function claim(observed: boolean, text: string): void {
  if (!observed) throw new Error(`not observed: ${text}`)
  line(`  ${styleText('green', '✔')} ${text}`)
}

const shown = (word: string): string => (word.startsWith('/') ? relative(process.cwd(), word) : word)

function line(text: string): void {
  process.stdout.write(`${text}\n`)
}
