import {messageOf, OmniError} from '@omni-cli/sdk'
import type {Recognised} from './detection.ts'
import type {Folder} from './folder.ts'
import {toServiceName} from './service-name.ts'
import {startCommand} from './shell-line.ts'

type Words = readonly [string, ...string[]]

interface Package {
  readonly name: string | undefined
  readonly main: string | undefined
  readonly scripts: Readonly<Record<string, string>>
  readonly hasDependencies: boolean
}

/** A package that a Node package manager builds: the lock file says which one. */
export function detectNode(folder: Folder): Recognised | undefined {
  const text = folder.read('package.json')
  if (text === undefined) return undefined
  const found = parsePackage(text)
  const start = startOf(folder, found)
  const manager = managerOf(folder)
  return {
    name: toServiceName(found.name ?? folder.name),
    because: ['package.json', start.because, manager.lock].filter((part) => part !== undefined).join(', '),
    build: buildSteps(found, manager),
    // Engines have them on the PATH already.
    bins: [],
    notes: manager.lock === undefined && found.hasDependencies ? ['no lock file: two builds may differ'] : [],
    port: 3000,
    command: start.command,
    env: {},
  }
}

interface PackageManager {
  readonly program: string
  readonly lock: string | undefined
  /** Full install, from the lock file where there is one. */
  readonly install: Words
  /** The same without what only a build needs. */
  readonly installProduction: Words
}

function managerOf(folder: Folder): PackageManager {
  if (folder.has('pnpm-lock.yaml')) {
    const install: Words = ['pnpm', 'install', '--frozen-lockfile']
    return {program: 'pnpm', lock: 'pnpm-lock.yaml', install, installProduction: [...install, '--prod']}
  }
  if (folder.has('yarn.lock')) {
    // Yarn 2 and later have their settings in this file and renamed the flag.
    const modern = folder.has('.yarnrc.yml')
    const install: Words = ['yarn', 'install', modern ? '--immutable' : '--frozen-lockfile']
    return {
      program: 'yarn',
      lock: 'yarn.lock',
      install,
      installProduction: modern ? install : [...install, '--production'],
    }
  }
  const bun = ['bun.lock', 'bun.lockb'].find((file) => folder.has(file))
  if (bun !== undefined) {
    const install: Words = ['bun', 'install', '--frozen-lockfile']
    return {program: 'bun', lock: bun, install, installProduction: [...install, '--production']}
  }
  const lock = ['package-lock.json', 'npm-shrinkwrap.json'].find((file) => folder.has(file))
  const install: Words = ['npm', lock === undefined ? 'install' : 'ci', '--no-audit', '--no-fund']
  return {program: 'npm', lock, install: [...install, '--include=dev'], installProduction: [...install, '--omit=dev']}
}

function buildSteps(found: Package, manager: PackageManager): Words[] {
  const builds = found.scripts.build !== undefined
  const steps: Words[] = []
  if (found.hasDependencies) steps.push(builds ? manager.install : manager.installProduction)
  if (builds) steps.push([manager.program, 'run', 'build'])
  return steps
}

function startOf(folder: Folder, found: Package): {because: string | undefined; command: Words | undefined} {
  const {start, prestart, poststart} = found.scripts
  if (start !== undefined) {
    // Without hooks around it the script is run directly: npm between us and the program costs memory and delays signals.
    const direct = prestart === undefined && poststart === undefined
    return {
      because: 'start script',
      command: direct ? startCommand(start) : ['npm', 'run', 'start'],
    }
  }
  const candidates = [found.main, 'server.js', 'server.mjs', 'app.js', 'index.js', 'index.mjs', 'main.js']
  const entry = candidates.find((file) => file !== undefined && !file.startsWith('..') && folder.has(file))
  return entry === undefined ? {because: undefined, command: undefined} : {because: entry, command: ['node', entry]}
}

function parsePackage(text: string): Package {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw new OmniError('MANIFEST_INVALID', `package.json is no JSON: ${messageOf(error)}`, {cause: error})
  }
  const fields = recordOf(parsed)
  const name = typeof fields.name === 'string' && fields.name !== '' ? fields.name : undefined
  const scripts = Object.entries(recordOf(fields.scripts)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1].trim() !== '',
  )
  return {
    name,
    main: typeof fields.main === 'string' ? fields.main.replace(/^\.\//, '') : undefined,
    scripts: Object.fromEntries(scripts),
    hasDependencies: ['dependencies', 'devDependencies', 'optionalDependencies', 'workspaces'].some(
      (key) => Object.keys(recordOf(fields[key])).length > 0,
    ),
  }
}

const recordOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? {...value} : {}
