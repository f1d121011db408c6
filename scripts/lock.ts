import {readFile, writeFile} from 'node:fs/promises'
import {fileURLToPath} from 'node:url'

/**
 * Completes package-lock.json. A tool's builds for other platforms are optional packages; where a registry lacks one,
 * `npm install` leaves it out of the lock and `npm ci` then refuses the lock, on every platform. This adds the entry as
 * a full registry would have made it: nothing is fetched for it but on that platform. Run it after `npm install`.
 */
interface LockEntry {
  readonly version?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']

const file = fileURLToPath(new URL('../package-lock.json', import.meta.url))
const lock: {packages: Record<string, LockEntry>} = JSON.parse(await readFile(file, 'utf8'))
const missing = Object.entries(lock.packages).flatMap(([owner, entry]) =>
  Object.entries(entry.optionalDependencies ?? {}).flatMap(([name, range]) => missingEntry(owner, entry, name, range)),
)
if (missing.length > 0) {
  const [root = ['', {}], ...others] = [...Object.entries(lock.packages), ...missing]
  others.sort(([left], [right]) => (left < right ? -1 : 1))
  await writeFile(file, `${JSON.stringify({...lock, packages: Object.fromEntries([root, ...others])}, null, 2)}\n`)
}
process.stdout.write(`${missing.length} entries added\n`)

function missingEntry(owner: string, {dev}: LockEntry, name: string, range: string): [string, LockEntry][] {
  // Only exact versions: what a range would have become is not ours to guess.
  if (!/^\d+\.\d+\.\d+/.test(range) || lock.packages[`${owner}/node_modules/${name}`] !== undefined) return []
  const top = lock.packages[`node_modules/${name}`]
  if (top?.version === range) return []
  const path = top === undefined ? `node_modules/${name}` : `${owner}/node_modules/${name}`
  return [[path, {version: range, ...platformOf(name), ...(dev === true ? {dev} : {}), optional: true}]]
}

/** `@rolldown/binding-linux-arm64-musl` says for whom it is. */
function platformOf(name: string): Pick<LockEntry, 'os' | 'cpu' | 'libc'> {
  const words = name.slice(name.indexOf('/') + 1).split(/[-_]/)
  const os = words.map((word) => (word === 'win' ? 'win32' : word)).find((word) => SYSTEMS.includes(word))
  const cpu = words.find((word) => PROCESSORS.includes(word))
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : words.some((word) => /^gnu/.test(word))
      ? 'glibc'
      : undefined
  return {...(cpu && {cpu: [cpu]}), ...(os && {os: [os]}), ...(libc && os === 'linux' && {libc: [libc]})}
}
