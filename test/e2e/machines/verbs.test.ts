import {execFile} from 'node:child_process'
import {randomBytes} from 'node:crypto'
import {chmod, lstat, mkdir, readdir, readFile, symlink, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, expect, test, vi} from 'vitest'
import {OMNI_BIN, omniEnv} from '../harness.ts'
import {createVerbsLab, socket, type VerbsLab} from './verbs-lab.ts'

const execProgram = promisify(execFile)
let lab: VerbsLab
const cli = (...args: string[]) => lab.cli(...args)

vi.setConfig({testTimeout: 60_000})
const verb = test.skipIf(socket === undefined)

beforeAll(async () => {
  if (socket === undefined) return
  lab = await createVerbsLab()
  for (const name of ['worker-1', 'worker-10', 'storage']) {
    const role = name.startsWith('worker') ? 'worker' : 'storage'
    await lab.launch(name, role)
  }
}, 120_000)
afterAll(() => lab?.remove(), 120_000)

verb('names are whole: worker-1 is not worker-10, and worker is nobody', async () => {
  expect((await cli('exec', 'worker-1', 'hostname')).stdout).toBe('worker-1\n')
  const unknown = await cli('stop', 'worker')
  expect(unknown.code).toBe(4)
  expect(unknown.stderr).toContain("there is no instance 'worker'; there are 'storage', 'worker-1', 'worker-10'")
  expect((await cli('stop', 'worker-1', 'nope')).code).toBe(4)
  expect(await lab.incus('list', 'worker-1', '-c', 's', '-f', 'csv')).toContain('RUNNING')
})

verb('a line runs in the shell, words run as they are, and the exit status is that of the program', async () => {
  expect((await cli('exec', 'worker-1', 'echo $((6 * 7)) | tr 4 5')).stdout).toBe('52\n')
  expect((await cli('exec', 'worker-1', '--', 'echo', '$HOME', 'a  b')).stdout).toBe('$HOME a  b\n')
  expect(await cli('exec', 'worker-1', 'echo out; echo err >&2; exit 42')).toEqual({
    code: 42,
    stdout: 'out\n',
    stderr: 'err\n',
  })
  expect((await cli('exec', 'worker-1', '--', 'no-such-program')).code).toBe(127)
  expect((await cli('exec', 'worker-1', '--', '/etc/passwd')).code).toBe(126)
})

verb('a user, a folder, variables and input are those that were given', async () => {
  const script = 'echo "$(id -u) $PWD $A"'
  expect((await cli('exec', 'worker-1', '--user', '7', '--cwd', '/tmp', '-e', 'A=b c', script)).stdout).toBe(
    '7 /tmp b c\n',
  )
  expect((await lab.run(['exec', 'worker-1', '-i', '--', 'cat'], {input: 'one\ntwo\n'})).stdout).toBe('one\ntwo\n')
})

verb('many are asked at the same time, each line behind its name; the worst status counts', async () => {
  const {code, stdout, stderr} = await cli(
    'exec',
    '-l',
    'role=worker',
    'hostname; test $(hostname) != worker-10 || exit 7',
  )
  expect(stdout.split('\n').toSorted()).toEqual(['', 'worker-1  | worker-1', 'worker-10 | worker-10'])
  expect(stderr).toContain('1 of 2 failed: worker-10 (7)')
  expect(code).toBe(7)
  const both = await lab.run(['exec', 'worker-1', 'storage', '-o', 'json', '--', 'hostname'])
  expect(JSON.parse(both.stdout)).toEqual([
    {instance: 'worker-1', exitCode: 0, stdout: 'worker-1\n', stderr: ''},
    {instance: 'storage', exitCode: 0, stdout: 'storage\n', stderr: ''},
  ])
})

verb('what machines print cannot change the terminal when it stands behind a name', async () => {
  const title = "printf '\\033]0;owned\\007\\n'"
  expect((await lab.run(['exec', '-l', 'role=worker', title], {tty: true})).stdout).not.toContain('\u001b]0;owned')
  expect((await cli('exec', 'worker-1', title)).stdout).toBe('\u001b]0;owned\u0007\n')
})

verb('a shell needs a terminal, and has that of the user', async () => {
  const refused = await cli('shell', 'worker-1')
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain("omni exec worker-1 'CMD'")
  const typed = `(sleep 2; echo 'echo "I am $SHELL in $PWD"; tty; exit 5'; sleep 2) | script -qec "$0 $1 shell worker-1" /dev/null`
  const env = omniEnv(lab.home)
  const {stdout, code} = await execProgram('sh', ['-c', typed, process.execPath, OMNI_BIN], {env}).then(
    (done) => ({...done, code: 0}),
    (error) => error,
  )
  expect(stdout).toContain('I am /bin/sh in /root')
  expect(stdout).toContain('/dev/pts/')
  expect(code).toBe(5)
})

verb('stopped, started and restarted by name and by label; it ends when they are ready', async () => {
  expect((await cli('stop', '-l', 'role=worker', '--force')).code).toBe(0)
  expect((await cli('exec', 'worker-1', 'true')).stderr).toContain('is not running')
  expect((await cli('stop', 'worker-1')).code).toBe(0)
  const started = await lab.run(['start', 'worker-1', 'worker-10', '-o', 'json'])
  expect(JSON.parse(started.stdout)).toMatchObject([
    {name: 'worker-1', status: 'running', addresses: [expect.stringMatching(/^10\./)]},
    {name: 'worker-10', status: 'running', addresses: [expect.stringMatching(/^10\./)]},
  ])
  const before = await lab.json('describe', 'storage')
  expect((await cli('restart', 'instance/storage', '--force')).code).toBe(0)
  expect((await lab.json('describe', 'storage')).startedAt).not.toBe(before.startedAt)
  expect((await cli('stop', 'instances', '--all')).code).toBe(2)
})

verb('files go in and out with their modes and owners, links as links', async () => {
  const tree = join(lab.home, 'tree')
  await mkdir(join(tree, 'sub'), {recursive: true})
  const bytes = randomBytes(3_000_000)
  await writeFile(join(tree, 'sub/bytes'), bytes)
  await chmod(join(tree, 'sub/bytes'), 0o640)
  await symlink('/etc/passwd', join(tree, 'link'))

  expect((await cli('cp', '-r', tree, 'worker-1:/root', '--owner', '7:8')).code).toBe(0)
  const stat = "stat -c '%a %u %g' /root/tree/sub/bytes; readlink /root/tree/link"
  expect((await cli('exec', 'worker-1', stat)).stdout).toBe('640 7 8\n/etc/passwd\n')
  expect((await cli('cp', '-r', 'worker-1:/root/tree', 'worker-10:/root/copy')).code).toBe(0)
  const back = await lab.json('cp', '-r', 'worker-10:/root/copy', join(lab.home, 'back'))

  expect(back).toMatchObject({files: 1, folders: 2, links: 1, bytes: bytes.length, skipped: []})
  expect((await readFile(join(lab.home, 'back/sub/bytes'))).equals(bytes)).toBe(true)
  expect((await lstat(join(lab.home, 'back/link'))).isSymbolicLink()).toBe(true)
  expect((await lstat(join(lab.home, 'back/sub/bytes'))).mode & 0o777).toBe(0o640)
})

verb('one file by stdin and stdout; what cannot be copied is left out with exit 9', async () => {
  expect((await lab.run(['cp', '-', 'worker-1:/root/in'], {input: 'by stdin'})).code).toBe(0)
  expect((await cli('cp', 'worker-1:/root/in', '-')).stdout).toBe('by stdin')
  await cli('exec', 'worker-1', 'mkdir -p /root/odd; mkfifo /root/odd/pipe; echo x > /root/odd/file')
  const odd = await cli('cp', '-r', 'worker-1:/root/odd', join(lab.home, 'odd'))
  expect(odd.code).toBe(9)
  expect(odd.stdout).toContain('worker-1:/root/odd/pipe')
  expect(await readdir(join(lab.home, 'odd'))).toEqual(['file'])
  expect((await cli('cp', 'worker-1:/nope', lab.home)).code).toBe(4)
  expect((await cli('cp', 'worker-1:/etc', lab.home)).code).toBe(2)
})

verb('logs of several machines are one, in the order of their times', async () => {
  for (const [name, second] of [
    ['worker-1', 1],
    ['worker-10', 2],
    ['worker-1', 3],
  ] as const) {
    const line = `Jan  1 00:00:0${second} ${name} daemon.err app: line ${second}`
    await cli('exec', name, `mkdir -p /var/log; echo '${line}' >> /var/log/messages`)
  }
  const {stdout} = await cli('logs', 'worker-1', 'worker-10', '-o', 'jsonl')
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({replica, text, level}) => [replica, text, level])).toEqual([
    ['worker-1', 'app: line 1', 'error'],
    ['worker-10', 'app: line 2', 'error'],
    ['worker-1', 'app: line 3', 'error'],
  ])
  expect((await cli('logs', 'worker-1', '--tail', '1', '--no-timestamps')).stdout).toBe('worker-1 app: line 3\n')
})

verb('instances are listed, described and completed', async () => {
  const list = await lab.json('get', 'instances', '-l', 'role=worker')
  expect(list.map(({name}: {name: string}) => name)).toEqual(['worker-1', 'worker-10'])
  expect((await cli('get', 'instances')).stdout).toMatch(/NAME +STATUS +TYPE +IP +IMAGE +AGE\n/)
  await lab.json('get', 'instances')
  expect((await cli('__complete', 'start', 'work')).stdout).toContain('worker-10\t')
  expect((await cli('describe', 'worker-1')).stdout).toMatch(/labels +role=worker/)
})
