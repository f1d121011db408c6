import {mkdtemp, readFile, rm, stat} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {installUnit} from '../../src/client/install-unit.ts'
import {enableCommands, unitPath, unitText} from '../../src/client/systemd-unit.ts'

const options = {home: '/home/ann/.ome', node: '/usr/bin/node', program: '/opt/omni/main.js', user: 'ann'}

describe('the unit', () => {
  it('of a user leaves services alone and is restarted after a crash', () => {
    const lines = unitText({...options, scope: 'user'}).split('\n')

    expect(lines).toContain('ExecStart="/usr/bin/node" "/opt/omni/main.js" "--home" "/home/ann/.ome"')
    expect(lines).toContain('KillMode=process')
    expect(lines).toContain('Restart=on-failure')
    expect(lines).toContain('WantedBy=default.target')
    expect(lines.some((line) => line.startsWith('User='))).toBe(false)
  })

  it('of the system runs as the user, at the wanted address', () => {
    const lines = unitText({...options, scope: 'system', listen: '0.0.0.0:6880'}).split('\n')

    expect(lines).toContain('User=ann')
    expect(lines).toContain('WantedBy=multi-user.target')
    expect(lines.find((line) => line.startsWith('ExecStart='))).toMatch(/"--listen" "0\.0\.0\.0:6880"$/)
  })

  it('keeps odd paths in one piece and refuses impossible ones', () => {
    const text = unitText({...options, scope: 'user', home: '/my "home"/50%/$x\\y'})
    expect(text).toContain('"--home" "/my \\"home\\"/50%%/$$x\\\\y"')
    expect(() => unitText({...options, scope: 'user', home: '/a\nExecStartPre=/bin/sh'})).toThrow(/cannot hold/)
  })

  it.each([
    ['system', {}, '/etc/systemd/system/omni-server.service'],
    ['user', {XDG_CONFIG_HOME: '/x'}, '/x/systemd/user/omni-server.service'],
  ] as const)('of %s has its place', (scope, env, path) => expect(unitPath(scope, env)).toBe(path))

  it('is switched on by the person', () => {
    expect(enableCommands('user', 'ann')[1]).toBe('systemctl --user enable --now omni-server.service')
    expect(enableCommands('system', 'ann').every((command) => command.startsWith('sudo '))).toBe(true)
  })
})

describe('installing', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'omni-'))
  })
  afterEach(() => rm(folder, {recursive: true}))

  it('writes a file that systemd can read, again and again', async () => {
    const path = join(folder, 'systemd', 'user', 'omni-server.service')
    await installUnit(path, 'old')
    await installUnit(path, 'new')

    expect(await readFile(path, 'utf8')).toBe('new')
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('644')
  })

  it('says what to do when the place is not ours', async () => {
    await installUnit(join(folder, 'file'), 'x')
    await expect(installUnit(join(folder, 'file', 'unit'), 'x')).rejects.toMatchObject({code: 'IO', hint: /sudo/})
  })
})
