import type {Argv} from '@omni-cli/sdk'

/** What `/etc/os-release` tells, as far as it is asked. */
export interface OsRelease {
  readonly id: string
  readonly idLike: readonly string[]
  /** `12`, `24.04`; '' for rolling ones. */
  readonly version: string
  readonly name: string
  /** Version of Ubuntu that a derivative is made from. */
  readonly ubuntuCodename: string
}

export interface InstallCommand {
  readonly title: string
  readonly argv: Argv
  readonly input?: string | undefined
}

/** How Incus comes onto one distribution. */
export interface Distribution {
  /** Also matched against `ID_LIKE`. */
  readonly id: string
  readonly versions?: ((version: string) => boolean) | undefined
  /** Commands as root. Absent: there is only a way by hand. */
  readonly install?: ((packages: {readonly isVm: boolean}) => readonly InstallCommand[]) | undefined
  /** What a person does where we do nothing. */
  readonly byHand?: string | undefined
  /** Started by OpenRC instead of systemd. */
  readonly hasOpenRc?: boolean | undefined
  readonly remark?: string | undefined
}

const BACKPORTS_FILE = '/etc/apt/sources.list.d/bookworm-backports.list'
const BACKPORTS =
  'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm-backports main\n'

const updateLists: InstallCommand = {title: 'read the lists of packages', argv: ['apt-get', 'update']}

/** Without KVM the packages for virtual machines are left out. dnsmasq is only recommended, yet no bridge comes up without. */
const apt = (isVm: boolean, ...options: string[]): InstallCommand => ({
  title: 'install Incus',
  argv: ['apt-get', 'install', '-y', ...options, isVm ? 'incus' : 'incus-base', 'dnsmasq-base'],
})

const one = (...argv: Argv): readonly InstallCommand[] => [{title: 'install Incus', argv}]

const ZABBLY = 'install Incus from the packages of Zabbly (github.com/zabbly/incus), then run omni init again'

/** The first row that matches is taken. */
export const DISTRIBUTIONS: readonly Distribution[] = [
  {
    id: 'debian',
    versions: (version) => version === '12',
    install: ({isVm}) => [
      {title: 'add the backports of Debian 12', argv: ['tee', BACKPORTS_FILE], input: BACKPORTS},
      updateLists,
      apt(isVm, '-t', 'bookworm-backports'),
    ],
  },
  {
    id: 'debian',
    versions: (version) => version === '' || Number.parseInt(version, 10) >= 13,
    install: ({isVm}) => [updateLists, apt(isVm)],
  },
  {id: 'debian', byHand: ZABBLY},
  {
    id: 'ubuntu',
    versions: (version) => Number.parseFloat(version) >= 24.04,
    install: ({isVm}) => [
      updateLists,
      {
        title: 'install Incus',
        argv: ['apt-get', 'install', '-y', 'incus', 'dnsmasq-base', ...(isVm ? ['qemu-system'] : [])],
      },
    ],
  },
  {id: 'ubuntu', byHand: ZABBLY},
  {
    id: 'fedora',
    install: () => one('dnf', 'install', '-y', 'incus', 'incus-tools'),
    remark: 'with firewalld: firewall-cmd --zone=trusted --change-interface=incusbr0 --permanent, then --reload',
  },
  {
    id: 'rhel',
    byHand:
      'dnf install epel-release; dnf copr enable neelc/incus; on 9 also CRB; dnf install incus; then omni init again',
  },
  {id: 'arch', install: () => one('pacman', '-S', '--noconfirm', '--needed', 'incus')},
  {
    id: 'alpine',
    install: ({isVm}) => one('apk', 'add', 'incus', 'incus-client', ...(isVm ? ['incus-vm'] : [])),
    hasOpenRc: true,
  },
  {id: 'suse', install: () => one('zypper', '--non-interactive', 'install', 'incus')},
  {id: 'opensuse', install: () => one('zypper', '--non-interactive', 'install', 'incus')},
  {id: 'gentoo', install: () => one('emerge', '--noreplace', 'app-containers/incus'), hasOpenRc: true},
  {id: 'void', install: () => one('xbps-install', '-Sy', 'incus', 'incus-client')},
  {
    id: 'nixos',
    byHand:
      'write virtualisation.incus.enable = true; and networking.nftables.enable = true; then nixos-rebuild switch',
  },
]

/** Versions of Ubuntu by the names that derivatives give. */
const UBUNTU_VERSIONS: Readonly<Record<string, string>> = {
  focal: '20.04',
  jammy: '22.04',
  noble: '24.04',
  plucky: '25.04',
  questing: '25.10',
  resolute: '26.04',
}

/** The row of a system, also by what it is made from. */
export function distributionOf(system: OsRelease): Distribution | undefined {
  const ids = [system.id, ...system.idLike]
  for (const id of ids) {
    const version = versionAs(system, id)
    const found = DISTRIBUTIONS.find((row) => row.id === id && (row.versions?.(version) ?? true))
    if (found !== undefined) return found
  }
  return undefined
}

/** A derivative counts its own versions. */
function versionAs(system: OsRelease, id: string): string {
  if (id === system.id) return system.version
  return id === 'ubuntu' ? (UBUNTU_VERSIONS[system.ubuntuCodename] ?? '0') : '0'
}

/** `NAME="value"` lines. */
export function parseOsRelease(text: string): OsRelease {
  const values = new Map<string, string>()
  for (const [, key = '', value = ''] of text.matchAll(/^([A-Z_]+)=(.*)$/gm)) {
    values.set(key, value.trim().replace(/^(["'])(.*)\1$/, '$2'))
  }
  const id = values.get('ID') ?? 'linux'
  return {
    id,
    idLike: (values.get('ID_LIKE') ?? '').split(/\s+/).filter((word) => word !== ''),
    version: values.get('VERSION_ID') ?? '',
    name: values.get('PRETTY_NAME') ?? id,
    ubuntuCodename: values.get('UBUNTU_CODENAME') ?? '',
  }
}
