import {readFile} from 'node:fs/promises'
import {basename, join} from 'node:path'
import {INSTALLATION, SHELLS} from '../completion/scripts.ts'
import {type Check, fine} from './finding.ts'

const RC_FILES: Readonly<Record<string, readonly string[]>> = {
  bash: ['.bashrc', '.bash_profile', '.bash_completion'],
  zsh: ['.zshrc', '.zprofile'],
  fish: ['.config/fish/config.fish', '.config/fish/completions/omni.fish'],
}

/** Whether the shell of this user completes omni's words; not having it is no fault. */
export const checkCompletion: Check = async ({env}) => {
  const shell = SHELLS.find((name) => name === basename(env.SHELL ?? ''))
  const files = shell === undefined ? undefined : RC_FILES[shell]
  if (shell === undefined || files === undefined || env.HOME === undefined) return []
  const {HOME: home} = env
  const texts = await Promise.all(files.map((file) => readFile(join(home, file), 'utf8').catch(() => '')))
  const isSetUp = texts.some((text) => /omni (auto)?complet|__omni/.test(text))
  return [fine('completion', isSetUp ? `set up for ${shell}` : `not set up for ${shell}: ${INSTALLATION[shell]}`)]
}
