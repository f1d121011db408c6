/** Characters that only a shell understands. */
const NEEDS_SHELL = /[|&;<>()$`"'*?[\]#~=%!{}\\\n]/

/**
 * A start line as an argument vector. A plain line is split into words, so that the program itself is what gets
 * signals; anything else goes to `/bin/sh -c` as one argument. `bins` are put in front of PATH.
 */
export function startCommand(line: string, bins: readonly string[]): readonly [string, ...string[]] {
  const [program, ...rest] = line.trim().split(/\s+/)
  const simple = !NEEDS_SHELL.test(line)
  if (
    simple &&
    program !== undefined &&
    program !== '' &&
    (bins.length === 0 || program === 'node' || program.includes('/'))
  ) {
    return [program, ...rest]
  }
  return shellCommand(simple ? `exec ${line.trim()}` : line.trim(), bins)
}

/** The line in a shell, with `bins` in front of PATH. */
export function shellCommand(line: string, bins: readonly string[]): readonly [string, ...string[]] {
  const path = bins.length === 0 ? '' : `PATH="${bins.map((bin) => `./${bin}`).join(':')}:$PATH"; export PATH; `
  return ['/bin/sh', '-c', `${path}${line}`]
}
