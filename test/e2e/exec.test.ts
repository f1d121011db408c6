import {createHash, randomBytes} from 'node:crypto'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {writeApp} from './app-folder.ts'
import {createHome, OMNI_BIN, omni, removeHome, run} from './harness.ts'

let home: string
beforeAll(async () => {
  home = await createHome()
  const plan =
    'services:\n  web:\n    command: sleep 1000\n    replicas: 2\n    env: {MARK: of the replica}\n    source: .\n'
  const {code, stderr} = await omni(['up', await writeApp(home, 'app', {'omni.yaml': plan})], {home})
  if (code !== 0) throw new Error(stderr)
})
afterAll(() => removeHome(home))

const exec = (...args: string[]) => omni(['exec', 'web', ...args], {home})

it('runs a program beside the replica, with its streams and its own exit status', async () => {
  const script = 'echo "$MARK $OMNI_REPLICA"; echo bad >&2; exit 42'

  expect(await exec('--', 'sh', '-c', script)).toEqual({code: 42, stdout: 'of the replica web-0\n', stderr: 'bad\n'})
  expect((await exec('--replica', '1', '--', 'sh', '-c', script)).stdout).toBe('of the replica web-1\n')
})

it.each([
  [127, ['--', 'no-such-program']],
  [126, ['--', '/etc']],
  [137, ['--', 'sh', '-c', 'kill -9 $$']],
])('ends with %d as in a shell: %j', async (code, args) => {
  expect((await exec(...args)).code).toBe(code)
})

it.each([
  [125, ['nope', '--', 'true'], "there is no service 'nope'"],
  [125, ['web', '--replica', '9', '--', 'true'], "no replica '9'"],
  [2, ['web'], 'name the program'],
  [2, ['web', '--tty', '--', 'sh'], '--tty needs a terminal'],
])('ends with %d when it cannot run %j', async (code, args, says) => {
  const result = await omni(['exec', ...args], {home})
  expect({code: result.code, stdout: result.stdout}).toEqual({code, stdout: ''})
  expect(result.stderr).toContain(says)
})

it('gives the outcome as data', async () => {
  const {code, stdout} = await exec('--output', 'json', '--', 'sh', '-c', 'echo out; echo err >&2; exit 3')
  expect({code, data: JSON.parse(stdout)}).toEqual({code: 3, data: {exitCode: 3, stdout: 'out\n', stderr: 'err\n'}})
  expect(JSON.parse((await exec('-o', 'json', '--replica', '9', '--', 'true')).stdout)).toMatchObject({
    error: {code: 'NOT_FOUND'},
  })
})

it('passes 20 MB through, byte by byte', async () => {
  const bytes = randomBytes(20_000_000)
  await writeFile(join(home, 'bytes'), bytes)
  const pipe = `"$0" "$1" exec web --stdin -- cat < bytes | sha256sum`
  const {stdout} = await run(['sh', '-c', pipe, process.execPath, OMNI_BIN], {home})

  expect(stdout.split(' ')[0]).toBe(createHash('sha256').update(bytes).digest('hex'))
})

it('ends quietly when nobody reads any more, and its program with it', async () => {
  const pipe = `("$0" "$1" exec web -- yes; echo $? >&2) | head -1`
  expect(await run(['sh', '-c', pipe, process.execPath, OMNI_BIN], {home})).toEqual({
    code: 0,
    stdout: 'y\n',
    stderr: '141\n',
  })
})

it('on Ctrl-C ends the program without a terminal', async () => {
  const script = `"$0" "$1" exec web -- sh -c 'echo $$ > "$HOME/pid"; exec sleep 4242' & sleep 0.1
    until [ -s "$HOME/pid" ]; do sleep 0.05; done; kill -TERM $!; wait $!; code=$?
    for n in 1 2 3 4 5 6 7 8 9 10; do kill -0 $(cat "$HOME/pid") 2>/dev/null && sleep 0.3; done
    kill -0 $(cat "$HOME/pid") 2>/dev/null && echo alive; echo $code`
  const {stdout} = await run(['sh', '-c', script, process.execPath, OMNI_BIN], {home})
  expect(stdout).toBe('130\n')
})

/** Types on a terminal of a given size, and waits for what is expected before the next words. */
const TYPIST = `
import fcntl, json, os, pty, select, struct, sys, termios, time
argv, steps = json.loads(sys.argv[1]), json.loads(sys.argv[2])
pid, fd = pty.fork()
if pid == 0:
    time.sleep(0.2)
    os.execvp(argv[0], argv)
def size(rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
size(33, 99)
before = termios.tcgetattr(fd)[3]
seen, end = '', time.time() + 20
for words, wanted in steps:
    if isinstance(words, list): size(*words)
    else: os.write(fd, words.encode())
    at = len(seen)
    while wanted not in seen[at:] and time.time() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try: chunk = os.read(fd, 65536)
            except OSError: chunk = b''
            if not chunk: break
            seen += chunk.decode(errors='replace')
        elif isinstance(words, str) and words.endswith('again\\r'): os.write(fd, words.encode())
while time.time() < end:
    try:
        if select.select([fd], [], [], 0.1)[0] and not os.read(fd, 65536): break
    except OSError: break
status = os.waitpid(pid, 0)[1]
print(json.dumps({'seen': seen, 'code': os.waitstatus_to_exitcode(status)}))
`

it('gives the program a terminal: its keys, its size, and Ctrl-C', async () => {
  const steps = [
    ['', '$ '],
    ['stty size\r', '33 99'],
    [[44, 111], ''],
    ['stty size; : again\r', '44 111'],
    // Its own word tells that it runs, and not the echo of what is typed.
    ['sh -c "echo be\'\'gun; exec sleep 4243"; echo "left with $?"\r', 'begun'],
    ['\u0003', ''],
    ['echo "left" with $?; : again\r', 'left with 130'],
    ['exit 5\r', 'exit'],
  ]
  const argv = [process.execPath, OMNI_BIN, 'exec', 'web', '--', 'env', 'PS1=$ ', 'sh']
  const result = await run(['python3', '-c', TYPIST, JSON.stringify(argv), JSON.stringify(steps)], {home})
  const {seen, code} = JSON.parse(result.stdout)

  expect(code).toBe(5)
  expect(seen).toContain('33 99')
  expect(seen).toContain('44 111')
  expect(seen).toContain('left with 130')
})

it('leaves the terminal as it was, however the program or we end', async () => {
  const script = `before=$(stty -g); "$0" "$1" exec web --tty -- sh -c "exit 3"; echo "code $?"
    [ "$before" = "$(stty -g)" ] && echo same after its end
    (sleep 1.5; kill -TERM "$(cat cli)") &
    sh -c 'echo $$ > cli; exec "$0" "$1" exec web --tty -- sleep 4244' "$0" "$1"; echo "code $?"
    [ "$before" = "$(stty -g)" ] && echo same after a signal`
  const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`
  const line = ['sh', '-c', script, process.execPath, OMNI_BIN].map(quote).join(' ')
  const {stdout} = await run(['script', '-qec', line, '/dev/null'], {home})

  expect(stdout).toMatch(/code 3\r\n.*same after its end.*code 130\r\n.*same after a signal/s)
})
