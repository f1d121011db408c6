import {type CallOptions, type ExecFacet, type ExecOptions, OmniError} from '@omni-cli/sdk'
import {failureOf} from '../client/failure.ts'
import * as requests from '../client/requests.ts'
import type {Driver} from './driver.ts'
import {requireInstance} from './observe.ts'

/** The longest that a timer can take, 24 days: programs of users have no limit. */
export const NO_LIMIT_MS = 2_147_483_647

/** `multipass exec` starts a stopped machine by itself; nobody has asked for that. */
export async function requireRunning(driver: Driver, name: string, options: CallOptions): Promise<void> {
  const {status} = await requireInstance(driver, name, options)
  if (status === 'running') return
  throw new OmniError('CONFLICT', `'${name}' is ${status}`, {
    hint: status === 'stopped' ? `omni start ${name}` : `omni get instance ${name}`,
    retryable: status === 'starting',
  })
}

export const createExecFacet = (driver: Driver): ExecFacet => ({
  async run(name, argv, options = {}) {
    if (argv.length === 0) throw new OmniError('USAGE', 'name the program to run')
    const isAttached = isOurTerminal(options, name)
    await requireRunning(driver, name, options)
    const {user, cwd, env, stdin, signal} = options
    const stderr = withoutFailure(options.onStderr)
    const result = await driver.client.ask(requests.exec({name, argv, user, cwd, env}), {
      timeoutMs: NO_LIMIT_MS,
      signal,
      ...(isAttached
        ? {isAttached}
        : {input: stdin, keepsOutput: false, onStdout: options.onStdout ?? ignore, onStderr: stderr.take}),
    })
    // 1 to 5 and 255 may be the program's as well: then the client says nothing of its own.
    const failure = stderr.failure()
    if (result.exitCode !== 0 && failure !== '') throw failureOf({exitCode: result.exitCode, stderr: failure})
    await stderr.flush()
    return {exitCode: result.exitCode}
  },
})

const ignore = (): void => undefined

/**
 * The client makes a terminal inside when its own standard input is one, and only then: it can be given ours, not one that is
 * somewhere else.
 */
function isOurTerminal({terminal, stdin}: ExecOptions, name: string): boolean {
  if (terminal === undefined) return false
  if (stdin === process.stdin && process.stdin.isTTY) return true
  throw new OmniError('UNSUPPORTED', 'Multipass makes a terminal only for the one it is started from', {
    hint: `multipass shell ${name}`,
  })
}

/** Chunks; what goes on for longer is the output of a program that begins like the client. */
const MAX_HELD = 16

/** What the client says of itself becomes an error, and is not shown as output of the program. */
function withoutFailure(onStderr: ExecOptions['onStderr']) {
  const held: Buffer[] = []
  let isHolding = true
  return {
    async take(chunk: Buffer) {
      isHolding &&= held.length < MAX_HELD && (held.length > 0 || chunk.indexOf('exec failed: ') === 0)
      if (isHolding) held.push(chunk)
      else for (const part of [...held.splice(0), chunk]) await onStderr?.(part)
    },
    failure: () => (isHolding ? Buffer.concat(held).toString() : ''),
    async flush() {
      for (const chunk of held) await onStderr?.(chunk)
    },
  }
}
