export interface OwnWords {
  /** The answer's whole body, in place of the message. */
  readonly body?: string | undefined
  /** Where the client shall ask instead; latin-1. */
  readonly location?: string | undefined
}

/** A message that breaks the rules, or a request that no service is asked for: what the client is told. */
export class Refusal extends Error {
  readonly status: number
  readonly words: OwnWords

  constructor(status: number, message: string, words: OwnWords = {}) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.words = words
  }
}
