import {createExec, silentLogger} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {createClient} from '../src/client/client.ts'
import {createInstallFacet, type Host} from '../src/provider/install.ts'
import {openDriver} from './open-driver.ts'
import {programExec} from './program/run-program.ts'

const missing = createClient({exec: createExec({log: silentLogger})}, 'omni-no-such-program')
const host = (more: Partial<Host> & {readonly programs?: readonly string[]} = {}): Host => ({
  platform: 'linux',
  has: (program) => (more.programs ?? ['snap', 'apt-get']).includes(program),
  hasSystemd: true,
  hasKvm: true,
  ...more,
})

describe('the installation', () => {
  it.each<[string, Host, string[]]>([
    ['with snapd', host(), ['snap install multipass']],
    [
      'without snapd, on Debian',
      host({programs: ['apt-get']}),
      ['apt-get update', 'apt-get install --yes snapd', 'snap install multipass'],
    ],
    [
      'without snapd, on Fedora',
      host({programs: ['dnf']}),
      ['dnf install --assumeyes snapd', 'snap install multipass'],
    ],
  ])('%s', async (_, here, lines) => {
    const {isReady, steps} = await createInstallFacet(missing, here).plan()

    expect(isReady).toBe(false)
    expect(steps.map(({argv}) => argv.join(' '))).toEqual(lines)
    expect(steps.every(({needsRoot}) => needsRoot)).toBe(true)
  })

  it.each<[string, Host, string, string]>([
    ['no systemd', host({hasSystemd: false}), 'snapd needs systemd', 'omni init --instances incus'],
    [
      'no snapd and none to be had',
      host({programs: ['apk']}),
      'snapd is not installed',
      'https://snapcraft.io/docs/installing-snapd',
    ],
    ['macOS', host({platform: 'darwin'}), 'installer of its own', 'brew install --cask multipass'],
    ['Windows', host({platform: 'win32'}), 'installer of its own', 'winget install Canonical.Multipass'],
  ])('by hand: %s', async (_, here, message, hint) => {
    await expect(createInstallFacet(missing, here).plan()).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining(message),
      hint,
    })
  })

  it('is ready where the daemon answers, and is told what machines need', async () => {
    await using opened = await openDriver()
    const client = createClient({exec: programExec(opened.program)})

    const plan = await createInstallFacet(client, host({hasKvm: false})).plan()
    expect(plan).toMatchObject({isReady: true, steps: []})
    expect(plan.remarks[0]).toContain('/dev/kvm')
  })

  it('starts a daemon that is installed and down', async () => {
    await using opened = await openDriver({faults: [{kind: 'daemon-down'}]})
    const client = createClient({exec: programExec(opened.program)})

    expect((await createInstallFacet(client, host()).plan()).steps.map(({argv}) => argv.join(' '))).toEqual([
      'snap start multipass',
    ])
  })

  it('a program that is not there is told as that', async () => {
    await expect(missing.instances()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'Multipass is not installed',
    })
  })
})
