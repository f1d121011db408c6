// The set-up in front of every job: `node scripts/setup.mjs node scripts/test.ts`. Installs what is missing, builds what
// has changed, then runs the job on the Node of this tree. Plain JavaScript, as the machine's Node may be an old one.
import {spawn, spawnSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {existsSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {delimiter, join} from 'node:path'
import {fileURLToPath} from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')
const lockFile = join(root, 'package-lock.json')
const stampFile = join(root, 'node_modules', '.omni-lock')
const env = {...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`}

if (!isInstalled()) install()
requireNode()
must('node', [join('scripts', 'build.ts'), '--if-changed'])
runJob(process.argv.slice(2))

function isInstalled() {
  const npmsOwn = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(npmsOwn)) return false
  if (existsSync(stampFile)) return readFileSync(stampFile, 'utf8') === lockDigest()
  // Installed by hand: npm's own record is not older than the lock.
  return statSync(npmsOwn).mtimeMs >= statSync(lockFile).mtimeMs
}

function install() {
  process.stderr.write('installing dependencies (npm ci) …\n')
  const npm = process.env.npm_execpath
  if (npm !== undefined && /npm-cli\.[cm]?js$/.test(npm)) must(process.execPath, [npm, 'ci', '--loglevel=error'])
  else must('npm', ['ci', '--loglevel=error'])
  writeFileSync(stampFile, lockDigest())
}

function lockDigest() {
  return createHash('sha256').update(readFileSync(lockFile)).digest('hex')
}

/** `node` in the tree's own bin folder is a Node 24; where there is none for this platform, the machine's must do. */
function requireNode() {
  const answer = spawnSync('node', ['--version'], {env, encoding: 'utf8'})
  const version = (answer.stdout ?? '').trim()
  if (Number(version.slice(1).split('.')[0]) >= 24) return
  process.stderr.write(
    `error: Node 24 or newer is needed and this is ${version || process.version}: https://nodejs.org\n`,
  )
  process.exit(1)
}

function must(file, args) {
  const result = spawnSync(file, args, {cwd: root, env, stdio: 'inherit', shell: process.platform === 'win32'})
  if (result.status !== 0) process.exit(result.status ?? 1)
}

function runJob([file, ...args]) {
  if (file === undefined) return
  const job = spawn(file, args, {cwd: root, env, stdio: 'inherit'})
  process.on('SIGINT', () => undefined)
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => job.kill(signal))
  job.on('error', (error) => {
    process.stderr.write(`error: cannot run ${file}: ${error.message}\n`)
    process.exitCode = 1
  })
  job.on('close', (code) => {
    process.exitCode = code ?? 1
  })
}
