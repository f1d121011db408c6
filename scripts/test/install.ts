import {existsSync} from 'node:fs'
import {delimiter, join} from 'node:path'

/** Installs the programs that are not in the path, by Debian's packages of the same names; does nothing without apt or root. */
export async function installMissing(
  programs: readonly string[],
  run: (file: string, args: readonly string[]) => Promise<number>,
): Promise<void> {
  const missing = programs.filter((program) => !isInPath(program))
  if (missing.length === 0 || process.getuid?.() !== 0 || !isInPath('apt-get')) return
  await run('apt-get', ['update', '-qq'])
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', '--', ...missing])
}

const isInPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))
