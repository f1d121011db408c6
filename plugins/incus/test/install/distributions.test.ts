import {expect, test} from 'vitest'
import {distributionOf, parseOsRelease} from '../../src/install/distributions.ts'

const release = (fields: Record<string, string>): string =>
  Object.entries({PRETTY_NAME: fields.ID ?? '', ...fields})
    .map(([key, value]) => `${key}="${value}"\n`)
    .join('')

const wayOn = (fields: Record<string, string>, isVm = false): string => {
  const row = distributionOf(parseOsRelease(release(fields)))
  if (row === undefined) return 'unknown'
  return (
    row
      .install?.({isVm})
      .map(({argv}) => argv.join(' '))
      .join('; ') ?? `by hand: ${row.byHand}`
  )
}

const BACKPORTS =
  'tee /etc/apt/sources.list.d/bookworm-backports.list; apt-get update; apt-get install -y -t bookworm-backports'

test.each([
  [{ID: 'debian', VERSION_ID: '12'}, `${BACKPORTS} incus-base dnsmasq-base`],
  [{ID: 'debian', VERSION_ID: '13'}, 'apt-get update; apt-get install -y incus-base dnsmasq-base'],
  [{ID: 'debian', NAME: 'Debian sid'}, 'apt-get update; apt-get install -y incus-base dnsmasq-base'],
  [{ID: 'debian', VERSION_ID: '11'}, expect.stringMatching(/^by hand: .*Zabbly/)],
  [{ID: 'ubuntu', VERSION_ID: '24.04'}, 'apt-get update; apt-get install -y incus dnsmasq-base'],
  [{ID: 'ubuntu', VERSION_ID: '26.04'}, 'apt-get update; apt-get install -y incus dnsmasq-base'],
  [{ID: 'ubuntu', VERSION_ID: '22.04'}, expect.stringMatching(/^by hand: .*Zabbly/)],
  [
    {ID: 'linuxmint', ID_LIKE: 'ubuntu debian', VERSION_ID: '22', UBUNTU_CODENAME: 'noble'},
    'apt-get update; apt-get install -y incus dnsmasq-base',
  ],
  [
    {ID: 'pop', ID_LIKE: 'ubuntu debian', VERSION_ID: '22.04', UBUNTU_CODENAME: 'jammy'},
    expect.stringMatching(/^by hand: .*Zabbly/),
  ],
  [{ID: 'devuan', ID_LIKE: 'debian', VERSION_ID: '5'}, expect.stringMatching(/^by hand/)],
  [{ID: 'fedora', VERSION_ID: '43'}, 'dnf install -y incus incus-tools'],
  [{ID: 'rocky', ID_LIKE: 'rhel centos fedora', VERSION_ID: '9.5'}, expect.stringMatching(/^by hand: .*neelc\/incus/)],
  [{ID: 'arch'}, 'pacman -S --noconfirm --needed incus'],
  [{ID: 'manjaro', ID_LIKE: 'arch'}, 'pacman -S --noconfirm --needed incus'],
  [{ID: 'alpine', VERSION_ID: '3.22.1'}, 'apk add incus incus-client'],
  [{ID: 'opensuse-tumbleweed', ID_LIKE: 'opensuse suse'}, 'zypper --non-interactive install incus'],
  [{ID: 'gentoo'}, 'emerge --noreplace app-containers/incus'],
  [{ID: 'void'}, 'xbps-install -Sy incus incus-client'],
  [{ID: 'nixos', VERSION_ID: '25.11'}, expect.stringMatching(/^by hand: .*virtualisation\.incus\.enable/)],
  [{ID: 'somethingelse'}, 'unknown'],
])('%j', (fields, way) => {
  expect(wayOn(fields)).toEqual(way)
})

test('where virtual machines can run, their packages are installed too', () => {
  expect(wayOn({ID: 'debian', VERSION_ID: '13'}, true)).toContain('-y incus dnsmasq-base')
  expect(wayOn({ID: 'ubuntu', VERSION_ID: '24.04'}, true)).toContain('qemu-system')
  expect(wayOn({ID: 'alpine'}, true)).toContain('incus-vm')
})

test('values of os-release may have either quotes or none', () => {
  const text = '# a comment\nID=debian\nVERSION_ID=\'12\'\nPRETTY_NAME="Debian GNU/Linux 12"\nID_LIKE=\n'
  expect(parseOsRelease(text)).toMatchObject({id: 'debian', version: '12', name: 'Debian GNU/Linux 12', idLike: []})
})
