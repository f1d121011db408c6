import type {Failure} from './failure.ts'

/** A command that has told its error already; the exit status is in the two fields that oclif reads. */
export class CommandFailed extends Error {
  readonly code: string
  readonly exitCode: number
  readonly oclif: {readonly exit: number}
  readonly skipOclifErrorHandling = true

  constructor(failure: Failure, cause: unknown) {
    super(failure.body.message, {cause})
    this.name = 'CommandFailed'
    this.code = failure.body.code
    this.exitCode = failure.exit
    this.oclif = {exit: failure.exit}
  }
}
