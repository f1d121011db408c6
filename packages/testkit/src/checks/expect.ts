import assert from 'node:assert/strict'
import {type ErrorCode, isOmniError} from '@omni-cli/sdk'

/** Fails unless the promise rejects with an OmniError of the code; returns that error. */
export async function rejectsWith(
  code: ErrorCode,
  work: () => Promise<unknown>,
  what: string,
): Promise<Error & {readonly details: unknown}> {
  let value: unknown
  try {
    value = await work()
  } catch (error) {
    assert.ok(isOmniError(error), `${what}: rejected with '${String(error)}', expected an OmniError ${code}`)
    assert.equal(error.code, code, `${what}: ${error.message}`)
    return error
  }
  assert.fail(`${what}: expected ${code}, but it resolved with ${JSON.stringify(value)}`)
}

/** Fails unless the promise rejects. */
export async function rejects(work: () => Promise<unknown>, what: string): Promise<void> {
  try {
    await work()
  } catch {
    return
  }
  assert.fail(`${what}: expected a rejection, but it resolved`)
}

/** An already aborted signal. */
export const aborted = (): AbortSignal => AbortSignal.abort()
