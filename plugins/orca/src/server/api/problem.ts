import type {ErrorBody} from '@omni-cli/sdk'

const BRAND = Symbol.for('omni.http-problem')

/** An answer that ends a request early. A text is sent as it is (Orca's form), an object as JSON. */
export class HttpProblem extends Error {
  readonly [BRAND] = true
  readonly status: number
  readonly body: string | Readonly<Record<string, unknown>>

  constructor(status: number, body: string | Readonly<Record<string, unknown>>) {
    super(typeof body === 'string' ? body : JSON.stringify(body))
    this.name = 'HttpProblem'
    this.status = status
    this.body = body
  }
}

export const isHttpProblem = (value: unknown): value is HttpProblem =>
  typeof value === 'object' && value !== null && BRAND in value

/** Error body of our own routes. */
export const errorBody = (error: ErrorBody): {readonly error: ErrorBody} => ({error})
