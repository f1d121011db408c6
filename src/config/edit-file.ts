import {spawn} from 'node:child_process'
import {copyFile, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {isOmniError, makePrivateFolder, OmniError, reasonOf, writeFileAtomic} from '@omni-cli/sdk'
import {configFileIn, configTools, readConfigText} from '@omni-cli/sdk/cli'
import {splitWords} from '../aliases/split.ts'

export interface EditOptions {
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Asked when the edited text is wrong; true opens the editor again. */
  readonly retry: (error: Error) => Promise<boolean>
}

export interface EditOutcome {
  readonly file: string
  readonly changed: boolean
  /** Where the old file is kept. */
  readonly backup?: string | undefined
}

const NEW_FILE = `# Configuration of omni. Where each value comes from: omni config view --origin
current-context: default
contexts:
  - name: default
preferences: {}
`

/**
 * Opens the file in $VISUAL or $EDITOR and takes over what was saved when it is right; the old file is kept beside it.
 * CONFIG_INVALID when it is wrong and nobody wants to try again: the edited text is kept as `config.yaml.rejected`.
 */
export async function editConfigFile({home, env, retry}: EditOptions): Promise<EditOutcome> {
  const file = configFileIn(home)
  const before = await readConfigText(file)
  const argv = editorOf(env)
  try {
    makePrivateFolder(home)
  } catch (error) {
    throw new OmniError('IO', `cannot make the folder '${home}': ${reasonOf(error)}`, {cause: error})
  }
  const folder = await mkdtemp(join(home, '.edit-'))
  try {
    const draft = join(folder, 'config.yaml')
    await writeFile(draft, before ?? NEW_FILE, {mode: 0o600})
    const after = await editUntilValid(argv, draft, {file, retry})
    if (after === (before ?? NEW_FILE)) return {file, changed: false}
    return await takeOver({file, before, after})
  } finally {
    await rm(folder, {recursive: true, force: true})
  }
}

async function editUntilValid(
  argv: readonly [string, ...string[]],
  draft: string,
  {file, retry}: {readonly file: string; readonly retry: EditOptions['retry']},
): Promise<string> {
  const {parseConfig} = await configTools()
  for (;;) {
    await runEditor(argv, draft)
    const text = await readFile(draft, 'utf8')
    try {
      parseConfig(text, file)
      return text
    } catch (error) {
      if (error instanceof Error && (await retry(error))) continue
      const rejected = `${file}.rejected`
      await writeFileAtomic(rejected, text)
      const reason = isOmniError(error) ? error.message : String(error)
      throw new OmniError('CONFIG_INVALID', `${reason}\nnothing was changed; your text is in '${rejected}'`, {
        cause: error,
      })
    }
  }
}

async function takeOver(change: {
  readonly file: string
  readonly before: string | undefined
  readonly after: string
}): Promise<EditOutcome> {
  const {writeConfigText} = await configTools()
  const {file, before, after} = change
  if ((await readConfigText(file)) !== before) {
    await writeFileAtomic(`${file}.rejected`, after)
    throw new OmniError('CONFLICT', `'${file}' was changed meanwhile; your text is in '${file}.rejected'`)
  }
  const backup = before === undefined ? undefined : `${file}.bak`
  if (before !== undefined && backup !== undefined) await writeFileAtomic(backup, before)
  await writeConfigText(file, after)
  return {file, changed: true, backup}
}

/** VISUAL, EDITOR, else vi; split into words like a shell does. */
function editorOf(env: EditOptions['env']): readonly [string, ...string[]] {
  const text = env.VISUAL || env.EDITOR || 'vi'
  const [program, ...words] = splitWords(text) ?? []
  if (program === undefined)
    throw new OmniError('USAGE', `the editor '${text}' is no command`, {hint: 'export EDITOR=vi'})
  return [program, ...words]
}

async function runEditor([program, ...words]: readonly [string, ...string[]], file: string): Promise<void> {
  const {promise, resolve, reject} = Promise.withResolvers<void>()
  const child = spawn(program, [...words, file], {stdio: 'inherit'})
  child.on('error', (error) => {
    reject(
      new OmniError('IO', `cannot start the editor '${program}': ${reasonOf(error)}`, {
        hint: 'export EDITOR=vi',
        cause: error,
      }),
    )
  })
  child.on('close', (code, signal) => {
    if (code === 0) return resolve()
    reject(new OmniError('IO', `the editor ended with ${signal ?? `status ${code}`}; nothing was changed`))
  })
  await promise
}

/** Moves the file out of the way. Undefined when there is none. */
export async function resetConfigFile(home: string, now: Date): Promise<string | undefined> {
  const file = configFileIn(home)
  if ((await readConfigText(file)) === undefined) return undefined
  const copy = `${file}.${now.toISOString().replace(/[-:]|\.\d+/g, '')}.bak`
  try {
    await copyFile(file, copy)
    await rm(file)
  } catch (error) {
    throw new OmniError('IO', `cannot reset '${file}': ${reasonOf(error)}`, {cause: error})
  }
  return copy
}
