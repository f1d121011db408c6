import {type CallOptions, OmniError} from '@omni-cli/sdk'
import type {KubeClient, KubeRequest, WriteOptions} from './kube-client.ts'
import {type Line, sendPatiently, streamPatiently} from './send.ts'
import {statusFailure} from './status-failure.ts'
import type {KubeStream} from './transport.ts'
import {warningsIn} from './warnings.ts'

export interface Requests extends Pick<KubeClient, 'request'> {
  stream(request: KubeRequest, options?: CallOptions): Promise<KubeStream['body']>
}

/** Requests whose answers are values or errors. In a protected context what would change something is not sent. */
export function openRequests(line: Line, {context, isProtected}: {context: string; isProtected: boolean}): Requests {
  const check = (request: KubeRequest) => {
    if (isProtected && !isQuestion(request)) throw protectedError(context)
  }
  return {
    async request<T>(wanted: KubeRequest, options: WriteOptions = {}) {
      const {dryRun, onWarning} = options
      if (dryRun !== true) check(wanted)
      const whole = dryRun === true ? asDryRun(wanted) : wanted
      const answer = await sendPatiently(line, whole, options)
      if (onWarning !== undefined) for (const text of warningsIn(answer.headers)) onWarning(text)
      if (answer.status >= 300) throw statusFailure(wanted, answer.status, answer.text)
      return readJson<T>(answer.text, wanted)
    },
    async stream(wanted, options = {}) {
      check(wanted)
      const {status, body} = await streamPatiently(line, wanted, options)
      if (status < 300) return body
      const chunks: Buffer[] = []
      for await (const chunk of body) chunks.push(chunk)
      throw statusFailure(wanted, status, Buffer.concat(chunks).toString('utf8'))
    },
  }
}

/** API servers read the options of a DELETE from its body, and where it has one, from nowhere else. */
const asDryRun = (request: KubeRequest): KubeRequest => ({
  ...request,
  query: {...request.query, dryRun: 'All'},
  ...(request.method === 'DELETE' ? {body: {...DELETE_OPTIONS, ...mapOf(request.body), dryRun: ['All']}} : {}),
})

const DELETE_OPTIONS = {apiVersion: 'v1', kind: 'DeleteOptions'}

const mapOf = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {})

/** Some questions are asked with POST. */
const isQuestion = ({method, path}: KubeRequest): boolean =>
  method === 'GET' || (method === 'POST' && /^\/apis\/(authorization|authentication)\.k8s\.io\//.test(path))

export const protectedError = (context: string): OmniError =>
  new OmniError('FORBIDDEN', `the context is protected: nothing of the cluster '${context}' may be changed`, {
    hint: "use another context (omni context use NAME), or take 'protected' out of this one (omni config edit)",
  })

function readJson<T>(text: string, {method, path}: KubeRequest): T {
  try {
    // The API's types are what callers ask for; what they need of it they check.
    return JSON.parse(text) as T
  } catch (error) {
    const message = `the answer to ${method} ${path} is no JSON: is this an API server?`
    throw new OmniError('UNAVAILABLE', message, {cause: error})
  }
}
