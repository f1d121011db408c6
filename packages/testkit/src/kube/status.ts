import type {JsonMap} from './objects.ts'

export interface Cause {
  readonly reason: string
  readonly message: string
  readonly field: string
}

/** What a status is about. */
export interface StatusSubject {
  readonly name?: string | undefined
  readonly group?: string | undefined
  /** Plural of the resource; of 422 the kind. */
  readonly kind?: string | undefined
}

interface StatusOptions extends StatusSubject {
  readonly causes?: readonly Cause[] | undefined
  readonly retryAfterSeconds?: number | undefined
}

/** An answer other than 2xx, in the words of an API server. */
export class KubeError extends Error {
  readonly code: number
  readonly body: JsonMap
  readonly retryAfterSeconds: number | undefined

  constructor(code: number, reason: string, message: string, options: StatusOptions = {}) {
    super(message)
    this.code = code
    this.retryAfterSeconds = options.retryAfterSeconds
    const {name, group, kind, causes, retryAfterSeconds} = options
    const details = {
      ...(name === undefined ? {} : {name}),
      ...(group ? {group} : {}),
      ...(kind === undefined ? {} : {kind}),
      ...(causes === undefined ? {} : {causes: causes.map((cause) => ({...cause}))}),
      ...(retryAfterSeconds === undefined ? {} : {retryAfterSeconds}),
    }
    this.body = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      details,
      code,
    }
  }
}

const dotted = ({kind = '', group}: StatusSubject) => (group ? `${kind}.${group}` : kind)

export const notFound = (subject: StatusSubject) =>
  new KubeError(404, 'NotFound', `${dotted(subject)} "${subject.name}" not found`, subject)

export const notServed = () => new KubeError(404, 'NotFound', 'the server could not find the requested resource')

export const alreadyExists = (subject: StatusSubject) =>
  new KubeError(409, 'AlreadyExists', `${dotted(subject)} "${subject.name}" already exists`, subject)

export const badRequest = (message: string) => new KubeError(400, 'BadRequest', message)

export const changedMeanwhile = (subject: StatusSubject) =>
  conflict(subject, 'the object has been modified; please apply your changes to the latest version and try again')

export const conflict = (subject: StatusSubject, why: string) =>
  new KubeError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${dotted(subject)} "${subject.name}": ${why}`,
    subject,
  )

export function invalid(subject: StatusSubject, causes: readonly Cause[]): KubeError {
  const said = causes.map(({field, message}) => `${field}: ${message}`)
  const list = said.length === 1 ? said[0] : `[${said.join(', ')}]`
  return new KubeError(422, 'Invalid', `${dotted(subject)} "${subject.name}" is invalid: ${list}`, {...subject, causes})
}

export const gone = (message: string) => new KubeError(410, 'Expired', message)
