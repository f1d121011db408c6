import type {Argv, InstallStep} from '@omni-cli/sdk'

/** The command itself; with `sudo` in front when it needs root and we are not. */
export function withRoot({argv, needsRoot, isDaemon}: InstallStep, isRoot: boolean): Argv {
  if (!needsRoot || isRoot) return argv
  // sudo asks in the foreground and goes on in the background.
  return isDaemon === true ? ['sudo', '-b', ...argv] : ['sudo', ...argv]
}

/** A command as a shell would take it, with its standard input. */
export function commandText(step: InstallStep, isRoot: boolean): string {
  const words = withRoot(step, isRoot).map(quoted).join(' ')
  if (step.isDaemon === true) return isRoot ? `setsid ${words} &` : words
  return step.input === undefined ? words : `${words} <<'EOF'\n${step.input}EOF`
}

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
