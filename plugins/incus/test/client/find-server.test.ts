import {chmod, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {DriverContext} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {findServer} from '../../src/client/find-server.ts'
import type {IncusSettings} from '../../src/config.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omni-find-'))
})
afterEach(() => rm(folder, {recursive: true}))

const find = (settings: IncusSettings, env: Readonly<Record<string, string>> = {}) =>
  findServer({env, home: folder} as unknown as DriverContext, settings)

describe('the server is found', () => {
  it.each<[IncusSettings, Record<string, string>, string, string]>([
    [{}, {}, 'unix:/var/lib/incus/unix.socket', 'default'],
    [{}, {INCUS_DIR: '/d'}, 'unix:/d/unix.socket', 'default'],
    [{}, {INCUS_DIR: ''}, 'unix:/var/lib/incus/unix.socket', 'default'],
    [{}, {INCUS_SOCKET: '/s', INCUS_DIR: '/d', INCUS_PROJECT: 'p'}, 'unix:/s', 'p'],
    [{project: 'mine'}, {INCUS_SOCKET: '/s', INCUS_PROJECT: 'p'}, 'unix:/s', 'mine'],
    [{url: 'unix:/own'}, {INCUS_SOCKET: '/s'}, 'unix:/own', 'default'],
    [{url: 'unix:///own'}, {INCUS_REMOTE: 'prod'}, 'unix:/own', 'default'],
    [{url: 'https://host'}, {}, 'https://host:8443', 'default'],
    [{url: 'https://host:443/'}, {}, 'https://host:443', 'default'],
    [{url: 'https://[::1]'}, {}, 'https://[::1]:8443', 'default'],
    [{remote: 'local'}, {INCUS_DIR: '/d'}, 'unix:/d/unix.socket', 'default'],
    [{}, {INCUS_REMOTE: 'local', INCUS_DIR: '/d'}, 'unix:/d/unix.socket', 'default'],
  ])('%j with %j is %s, project %s', async (settings, env, url, project) => {
    expect(await find(settings, {INCUS_CONF: folder, ...env})).toMatchObject({url, project})
  })

  it('by the socket for restricted users when it is the only one', async () => {
    await writeFile(join(folder, 'unix.socket.user'), '')

    expect((await find({}, {INCUS_DIR: folder})).url).toBe(`unix:${folder}/unix.socket.user`)
    await writeFile(join(folder, 'unix.socket'), '')
    expect((await find({}, {INCUS_DIR: folder})).url).toBe(`unix:${folder}/unix.socket`)
  })

  it.each<[IncusSettings]>([
    [{url: 'https://h', remote: 'r'}],
    [{trust: {env: 'T'}}],
    [{url: 'unix:/s', trust: {env: 'T'}}],
    [{remote: 'nope'}],
    [{remote: 'constructor'}],
    [{url: 'https://host/path'}],
    [{url: 'https://[::1'}],
  ])('%j is refused', async (settings) => {
    await expect(find(settings, {INCUS_CONF: folder})).rejects.toMatchObject({code: 'CONFIG_INVALID'})
  })

  it.each([
    ['remotes: []', /cannot be read: .*expected .*remotes/],
    ['remotes: {a: null}', /cannot be read: .*expected .*remotes\.a/],
    ['remotes: {a: {addr: "http://h"}}', /'http:\/\/h' is no address/],
    ['remotes: {a: {addr: "https://h/path"}}', /'https:\/\/h\/path' is no address/],
  ])('%s is refused with the place that is wrong', async (text, message) => {
    await writeFile(join(folder, 'config.yml'), text)
    await expect(find({remote: 'a'}, {INCUS_CONF: folder})).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message),
    })
  })

  it('a configuration of the incus program that cannot be read is told', async () => {
    await writeFile(join(folder, 'config.yml'), 'remotes: [')
    await expect(find({remote: 'a'}, {INCUS_CONF: folder})).rejects.toMatchObject({code: 'CONFIG_INVALID'})

    await writeFile(join(folder, 'config.yml'), 'remotes: {a: {addr: "https://a", auth_type: oidc}}')
    await expect(find({remote: 'a'}, {INCUS_CONF: folder})).rejects.toMatchObject({code: 'UNSUPPORTED'})

    await rm(join(folder, 'config.yml'))
    await mkdir(join(folder, 'config.yml'))
    await chmod(folder, 0o700)
    await expect(find({remote: 'a'}, {INCUS_CONF: folder})).rejects.toMatchObject({code: 'IO'})
  })
})
