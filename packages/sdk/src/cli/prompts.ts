import {OmniError} from '../errors.ts'
import {escapeTerminal} from '../io/escape.ts'

/** True when a person can answer: keyboard in, screen out. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

export interface AskOptions {
  readonly signal?: AbortSignal | undefined
}

/** Yes or no; `no` is what Enter means. ABORTED on Ctrl-C. */
export async function askConfirm(question: string, options: AskOptions = {}): Promise<boolean> {
  const {confirm} = await import('@inquirer/prompts')
  const message = question.split('\n').map(escapeTerminal).join('\n')
  return answer(confirm({message, default: false}, terminal(options)))
}

/** A line of text; `validate` says what is wrong with it. ABORTED on Ctrl-C. */
export async function askText(
  question: string,
  options: AskOptions & {
    readonly default?: string | undefined
    readonly validate?: ((text: string) => string | undefined) | undefined
  } = {},
): Promise<string> {
  const {input} = await import('@inquirer/prompts')
  const validate = (text: string) => options.validate?.(text) ?? true
  return answer(
    input(
      {
        message: escapeTerminal(question),
        validate,
        ...(options.default === undefined ? {} : {default: options.default}),
      },
      terminal(options),
    ),
  )
}

/** A text that is not shown while it is typed. ABORTED on Ctrl-C. */
export async function askSecret(question: string, options: AskOptions = {}): Promise<string> {
  const {password} = await import('@inquirer/prompts')
  return answer(password({message: escapeTerminal(question)}, terminal(options)))
}

export interface Choice {
  readonly value: string
  readonly name: string
  readonly description?: string | undefined
}

/** One of several. ABORTED on Ctrl-C. */
export async function askChoice(
  question: string,
  choices: readonly Choice[],
  options: AskOptions = {},
): Promise<string> {
  const {select} = await import('@inquirer/prompts')
  return answer(
    select(
      {
        message: escapeTerminal(question),
        choices: choices.map(({value, name, description}) => ({
          value,
          name: escapeTerminal(name),
          ...(description === undefined ? {} : {description}),
        })),
      },
      terminal(options),
    ),
  )
}

const terminal = ({signal}: AskOptions) => ({output: process.stderr, ...(signal === undefined ? {} : {signal})})

async function answer<T>(prompt: Promise<T>): Promise<T> {
  try {
    return await prompt
  } catch (error) {
    if (error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')) {
      throw new OmniError('ABORTED', 'interrupted', {cause: error})
    }
    throw error
  }
}
