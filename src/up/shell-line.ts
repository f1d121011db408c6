/** Characters that only a shell understands. */
const NEEDS_SHELL = /[|&;<>()$`"'*?[\]#~=%!{}\\\n]/

/**
 * A start line as an argument vector. A plain line is split into words, so that the program itself is what gets
 * signals; anything else goes to `/bin/sh -c` as one argument.
 */
export function startCommand(line: string): readonly [string, ...string[]] {
  const [program, ...rest] = line.trim().split(/\s+/)
  if (NEEDS_SHELL.test(line) || program === undefined || program === '') return shellCommand(line.trim(), [])
  return [program, ...rest]
}

/** The line in a shell, with the folders `bins` in front of PATH. */
export function shellCommand(line: string, bins: readonly string[]): readonly [string, ...string[]] {
  const path = bins.length === 0 ? '' : `PATH="${bins.map((bin) => `$PWD/${bin}`).join(':')}:$PATH"; export PATH; `
  return ['/bin/sh', '-c', `${path}${line}`]
}
