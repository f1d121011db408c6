import {createHash} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {type DriverContext, escapeTerminal, makePrivateFolder, OmniError, redact, writeFileAtomic} from '@omni-cli/sdk'
import type {ExecPlugin} from './kubeconfig.ts'

/** A program that a person has agreed to. */
interface Allowed {
  readonly file: string
  readonly argv: readonly string[]
}

type Asked = Pick<DriverContext, 'home' | 'confirm'>
type Program = Pick<ExecPlugin, 'file' | 'argv' | 'env'>

/** The same words in the same file are the same program; its variables too, as they choose what it does. */
const idOf = ({file, argv, env}: Program): string =>
  createHash('sha256')
    .update(JSON.stringify([file, argv, Object.entries(env).toSorted()]))
    .digest('hex')

const fileIn = (home: string): string => join(home, 'state', 'kubeconfig-programs.json')

export async function isAllowed(home: string, program: Program): Promise<boolean> {
  return idOf(program) in (await readAllowed(home))
}

/** Remembers the consent, for this user alone. */
export async function allowProgram(home: string, program: Program): Promise<void> {
  if (home === '') return
  const {file, argv} = program
  const programs = {...(await readAllowed(home)), [idOf(program)]: {file, argv}}
  makePrivateFolder(join(home, 'state'))
  await writeFileAtomic(fileIn(home), `${JSON.stringify({programs}, undefined, 2)}\n`)
}

/** A kubeconfig from elsewhere may name any program: it is run after a person has agreed to it once. FORBIDDEN otherwise. */
export async function requireAllowed({home, confirm}: Asked, program: Program, context: string): Promise<void> {
  if (await isAllowed(home, program)) return
  const words = wordsOf(program)
  const agreed = await confirm?.(
    `the kubeconfig ${program.file} gets its credentials from this program:\n  ${words}\nrun it?`,
  )
  if (agreed === true) return allowProgram(home, program)
  throw new OmniError(
    'FORBIDDEN',
    `the kubeconfig ${program.file} wants to run a program that nobody has agreed to: ${words}`,
    {
      hint: `omni cluster connect --kubeconfig ${program.file} --context ${context} --allow-exec`,
    },
  )
}

/** As in a shell: what is one word is seen as one, and variables decide what a program does, too. */
const wordsOf = ({argv, env}: Program): string =>
  [...Object.entries(redact(env)).map(([name, value]) => `${name}=${value}`), ...argv]
    .map((word) => escapeTerminal(/^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word}'`))
    .join(' ')

async function readAllowed(home: string): Promise<Readonly<Record<string, Allowed>>> {
  if (home === '') return {}
  try {
    const stored: unknown = JSON.parse(await readFile(fileIn(home), 'utf8'))
    const programs = typeof stored === 'object' && stored !== null && 'programs' in stored ? stored.programs : undefined
    // Only the ids count, and they are keys of whatever it is.
    return typeof programs === 'object' && programs !== null ? {...programs} : {}
  } catch {
    return {}
  }
}
