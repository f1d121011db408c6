import type {Argv, Exec, ExecRequestOptions, ExecResult} from '@omni-cli/sdk'

export interface FakeExec {
  readonly exec: Exec
  /** Every call so far, in order. */
  readonly calls: readonly {readonly argv: Argv; readonly options: ExecRequestOptions}[]
}

/** Programs as a function: what it returns is the result (missing parts: exit 0, no output), what it throws is thrown. */
export function createFakeExec(answer: (argv: Argv, options: ExecRequestOptions) => Partial<ExecResult>): FakeExec {
  const calls: {argv: Argv; options: ExecRequestOptions}[] = []
  return {
    calls,
    async exec(argv, options = {}) {
      options.signal?.throwIfAborted()
      calls.push({argv, options})
      return {exitCode: 0, stdout: '', stderr: '', ...answer(argv, options)}
    },
  }
}
