import {execFileSync} from 'node:child_process'
import {chmod, mkdir, symlink, writeFile} from 'node:fs/promises'
import {delimiter, join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {createHome, OMNI_BIN, omni, removeHome, run} from './harness.ts'

let home: string
beforeEach(async () => {
  home = await createHome()
  await mkdir(join(home, 'bin'))
  await symlink(OMNI_BIN, join(home, 'bin', 'omni'))
  await symlink(process.execPath, join(home, 'bin', 'node'))
})
afterEach(() => removeHome(home))

const has = (program: string) => {
  try {
    execFileSync(program, ['--version'], {stdio: 'ignore'})
    return true
  } catch {
    return false
  }
}

/** Runs a script of a shell that finds `omni`. */
const inShell = (argv: readonly string[]) =>
  run(argv, {home, env: {PATH: `${join(home, 'bin')}${delimiter}${process.env.PATH}`}})

/** Leaves names behind as a list of services does. */
async function rememberServices(...names: string[]): Promise<void> {
  const folder = join(home, '.ome', 'cache', 'names', 'default')
  await mkdir(folder, {recursive: true})
  await writeFile(
    join(folder, 'service.json'),
    JSON.stringify({atMs: Date.now(), names: names.map((name) => [name, 'running'])}),
  )
}

describe('omni __complete', () => {
  it('knows commands, flags and values without a word on stderr', async () => {
    const complete = async (...words: string[]) => {
      const {code, stdout, stderr} = await omni(['__complete', ...words], {home})
      expect({code, stderr}).toEqual({code: 0, stderr: ''})
      return stdout.split('\n').map((line) => line.split('\t')[0])
    }

    expect(await complete('vers')).toEqual(['version', ''])
    expect(await complete('plugin', 'inst')).toEqual(['install', ''])
    expect(await complete('completion', '')).toEqual(['bash', 'zsh', 'fish', 'powershell', ''])
    expect(await complete('status', '--out')).toEqual(['--output', ''])
    expect(await complete('status', '-o', 'j')).toEqual(['json', 'jsonl', ''])
    expect(await complete('plugin', 'link', '')).toEqual([':files', ''])
    expect(await complete('nonsense', 'x')).toEqual([''])
    expect(await complete()).toContain('up')
  })

  it('offers the names that a list has left behind', async () => {
    await rememberServices('web', 'worker')

    const {stdout} = await omni(['__complete', 'restart', 'w'], {home})

    expect(stdout).toBe('web\trunning\nworker\trunning\n')
  })

  it('works where no home can be', async () => {
    const {stdout, stderr, code} = await omni(['__complete', 'restart', 'w'], {home, env: {OMNI_HOME: '/dev/null/x'}})

    expect({stdout, stderr, code}).toEqual({stdout: '', stderr: '', code: 0})
  })
})

describe('the scripts', () => {
  it.each(['bash', 'zsh', 'fish', 'powershell'])('%s is printed, and another shell is refused', async (shell) => {
    expect((await omni(['completion', shell], {home})).stdout).toContain('__complete')
    expect(await omni(['completion', 'tcsh'], {home})).toMatchObject({code: 2, stdout: ''})
  })

  it.skipIf(!has('bash'))('bash completes a word, a value and a name', async () => {
    await rememberServices('web')
    const script = `
      source <(omni completion bash)
      try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); __omni_complete; echo "\${COMPREPLY[@]}"; }
      try omni vers
      try omni completion z
      try omni restart w
      try omni status --output=js
      complete -p omni`

    const {stdout, stderr} = await inShell(['bash', '--norc', '-c', script])

    expect(stderr).toBe('')
    expect(stdout.split('\n')).toEqual([
      'version',
      'zsh',
      'web',
      '--output=json --output=jsonl',
      'complete -F __omni_complete omni',
      '',
    ])
  })

  it.skipIf(!has('fish'))('fish completes with what stands beside a candidate', async () => {
    await rememberServices('web')
    const script = `omni completion fish | source
      complete -C 'omni vers'; complete -C 'omni completion z'; complete -C 'omni restart w'`

    const {stdout} = await inShell(['fish', '--no-config', '-c', script])

    expect(stdout).toMatch(/^version\tshow the versions.*\nzsh\nweb\trunning\n$/)
  })

  it.skipIf(!has('zsh'))('zsh completes at its prompt', async () => {
    await rememberServices('webserver')
    const driver = join(home, 'drive.zsh')
    await writeFile(driver, ZSH_DRIVER)
    await chmod(driver, 0o755)

    const {stdout} = await inShell(['zsh', '-f', driver])

    expect(stdout).toContain('omni version ')
    expect(stdout).toContain('omni restart webserver ')
  })
})

/** Types into an interactive zsh on a pseudo terminal, and prints the line that came out of a TAB. */
const ZSH_DRIVER = `
zmodload zsh/zpty
zpty -b shell 'TERM=dumb zsh -f -i'
zpty -w shell "PS1='> '; autoload -Uz compinit; compinit -D -u; source <(omni completion zsh); show() { print -r -- LINE=\\$BUFFER; }; zle -N show; bindkey '^X' show; print READY"
until_seen() {
  local text chunk
  for i in {1..200}; do
    if zpty -r -t shell chunk; then text+="$chunk"; else sleep 0.05; fi
    [[ "$text" == *$1* ]] && break
  done
}
until_seen $'READY\\r'
complete_line() {
  zpty -w -n shell "$1"$'\\t'
  sleep 0.8
  zpty -w -n shell $'\\x18'
  local text chunk
  for i in {1..60}; do
    if zpty -r -t shell chunk; then text+="$chunk"; else sleep 0.05; fi
    [[ "$text" == *LINE=*$'\\n'* ]] && break
  done
  print -r -- "\${\${text##*LINE=}%%$'\\r'*}"
  zpty -w -n shell $'\\x15'
}
complete_line 'omni versi'
complete_line 'omni restart webs'
zpty -d shell
`
