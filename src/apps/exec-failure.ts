/** Exit status of an exec that never came to the status of its program. */
export const EXEC_FAILED = 125

/** Wrong words, a closed stdout and Ctrl-C stay what they are in every command. */
const KEPT: readonly unknown[] = [2, 141, 130]

/** The failure of an exec with a status of its own: any other could be that of the program. */
export function execFailure(failure: unknown): unknown {
  const exit = typeof failure === 'object' && failure !== null && 'exitCode' in failure ? failure.exitCode : undefined
  if (!(failure instanceof Error) || KEPT.includes(exit)) return failure
  process.exitCode = EXEC_FAILED
  return Object.assign(new Error(failure.message, {cause: failure}), {
    exitCode: EXEC_FAILED,
    oclif: {exit: EXEC_FAILED},
    skipOclifErrorHandling: true,
  })
}
