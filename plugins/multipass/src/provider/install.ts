import {existsSync} from 'node:fs'
import {delimiter, join} from 'node:path'
import {type DriverContext, type InstallFacet, type InstallStep, OmniError} from '@omni-cli/sdk'
import type {MultipassClient} from '../client/client.ts'
import {checkHealth} from './tell.ts'

/** What an installation depends on here. */
export interface Host {
  readonly platform: NodeJS.Platform
  /** Whether a program is in PATH. */
  has(program: string): boolean
  /** Whether systemd runs this machine: snapd needs it. */
  readonly hasSystemd: boolean
  readonly hasKvm: boolean
}

export const thisHost = (env: DriverContext['env']): Host => ({
  platform: process.platform,
  has: (program) =>
    (env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program))),
  hasSystemd: existsSync('/run/systemd/system'),
  hasKvm: existsSync('/dev/kvm'),
})

export const createInstallFacet = (client: MultipassClient, host: Host): InstallFacet => ({
  async plan(options = {}) {
    const health = await checkHealth(client, options.signal)
    if (health.ok) return {isReady: true, steps: [], remarks: remarksOf(host)}
    const isInstalled = health.version !== undefined
    return {isReady: false, steps: isInstalled ? startSteps(host) : installSteps(host), remarks: remarksOf(host)}
  },
})

const step = (title: string, ...argv: [string, ...string[]]): InstallStep => ({title, argv, needsRoot: true})

/** The program is there, its daemon is not. */
function startSteps(host: Host): InstallStep[] {
  if (host.platform === 'linux' && host.has('snap')) return [step('start Multipass', 'snap', 'start', 'multipass')]
  throw byHand('the daemon of Multipass does not run', 'start the service of Multipass')
}

/** Package managers that have snapd, and what else it takes to use it. */
function installSteps(host: Host): InstallStep[] {
  if (host.platform === 'darwin') throw byHand('macOS has an installer of its own', 'brew install --cask multipass')
  if (host.platform === 'win32')
    throw byHand('Windows has an installer of its own', 'winget install Canonical.Multipass')
  if (host.platform !== 'linux')
    throw byHand(`Multipass does not run on ${host.platform}`, 'omni init --instances incus')
  if (!host.hasSystemd) {
    throw byHand(
      'Multipass comes as a snap only, and snapd needs systemd, which does not run here',
      'omni init --instances incus',
    )
  }
  return [...snapdSteps(host), step('install Multipass', 'snap', 'install', 'multipass')]
}

function snapdSteps(host: Host): InstallStep[] {
  if (host.has('snap')) return []
  if (host.has('apt-get')) {
    return [
      step('refresh the lists of packages', 'apt-get', 'update'),
      step('install snapd', 'apt-get', 'install', '--yes', 'snapd'),
    ]
  }
  if (host.has('dnf')) return [step('install snapd', 'dnf', 'install', '--assumeyes', 'snapd')]
  if (host.has('zypper')) return [step('install snapd', 'zypper', '--non-interactive', 'install', 'snapd')]
  throw byHand(
    'Multipass comes as a snap only, and snapd is not installed',
    'https://snapcraft.io/docs/installing-snapd',
  )
}

const byHand = (message: string, hint: string): OmniError => new OmniError('UNSUPPORTED', message, {hint})

const remarksOf = ({platform, hasKvm}: Host): string[] => [
  ...(platform === 'linux' && !hasKvm ? ['there is no /dev/kvm here: Multipass needs it to run machines'] : []),
  ...(platform === 'linux'
    ? ['users of the groups sudo, adm and wheel may use it; others: multipass authenticate']
    : []),
]
