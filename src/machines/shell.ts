import {type ExecFacet, OmniError, requireFacet} from '@omni-cli/sdk'
import type {ExecSurroundings} from '../apps/exec.ts'
import {openTerminal} from '../apps/exec-terminal.ts'
import type {Machine} from './workload.ts'

/**
 * Becomes the login shell of the user that it runs as: the one in /etc/passwd, else sh. With home, name and folder as
 * after a login.
 */
const SCRIPT = `id=$(id -u)
entry=$(while IFS=: read -r name _ uid _ _ home shell; do
  if [ "$uid" = "$id" ]; then echo "$name:$home:$shell"; break; fi
done </etc/passwd 2>/dev/null)
name=\${entry%%:*} entry=\${entry#*:}
home=\${entry%%:*} shell=\${entry#*:}
if [ -n "$name" ]; then export USER="$name" LOGNAME="$name"; fi
if [ -n "$home" ]; then export HOME="$home"; fi
if ! [ -x "$shell" ]; then shell=/bin/sh; fi
export SHELL="$shell"
cd "$HOME" 2>/dev/null || cd /
exec "$shell" -l`

export interface ShellOptions {
  readonly around: ExecSurroundings
  readonly user?: string | undefined
}

/** Opens a shell on our terminal; resolves with its exit status. USAGE without a terminal. */
export async function openShell({driver, name}: Machine, {around, user}: ShellOptions): Promise<number> {
  const {stdin, stdout, signal} = around
  const facet: ExecFacet = requireFacet(driver, 'exec')
  if (stdin.isTTY !== true || stdout.isTTY !== true) {
    throw new OmniError('USAGE', 'a shell needs a terminal: stdin or stdout is none', {hint: `omni exec ${name} 'CMD'`})
  }
  using terminal = openTerminal(around)
  const env = process.env.TERM ? {TERM: process.env.TERM} : undefined
  const {exitCode} = await facet.run(name, ['sh', '-c', SCRIPT], {user, env, signal, ...terminal.options})
  return exitCode
}
