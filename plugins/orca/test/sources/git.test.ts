import {execFile} from 'node:child_process'
import {once} from 'node:events'
import {existsSync} from 'node:fs'
import {mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {silentLogger} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {checkOut, fetchCommit, type GitSource, hasCommit} from '../../src/sources/git.ts'
import {checkBranch, checkRepository, withoutCredentials} from '../../src/sources/repository.ts'

let folder: string
let repo: string
const lines: string[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omni-git-'))
  repo = join(folder, 'repo')
  await mkdir(repo)
  await git('init', '--quiet', '--initial-branch=main')
})
afterEach(() => rm(folder, {recursive: true, force: true}))

const git = (...words: string[]) =>
  promisify(execFile)('git', ['-C', repo, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words])
const commit = async (files: Record<string, string>) => {
  for (const [path, text] of Object.entries(files)) await writeFile(join(repo, path), text)
  await git('add', '--all')
  await git('commit', '--quiet', '--allow-empty', '--message', 'change')
  return (await git('rev-parse', 'HEAD')).stdout.trim()
}
const source = (more: Partial<GitSource> = {}): GitSource => ({
  ...{gitDir: join(folder, 'objects'), env: process.env, log: silentLogger, allowsLocal: true, repo},
  onOutput: (line) => void lines.push(line),
  ...more,
})
const files = async (commitId: string) => {
  const target = await mkdtemp(join(folder, 'out-'))
  await checkOut(source(), commitId, target)
  return Object.fromEntries(
    await Promise.all((await readdir(target)).map(async (name) => [name, await readFile(join(target, name), 'utf8')])),
  )
}

describe('the address of a repository', () => {
  it('with a port that there is not is refused', () => {
    expect(() => checkRepository('https://git.example.com:99999/web', false)).toThrow(/no address/)
  })

  it('may have a percent sign in its password that begins no code', () => {
    const {url, env} = withoutCredentials('https://me:50%zz@git.example.com/web')
    expect(url).toBe('https://git.example.com/web')
    expect(env.GIT_CONFIG_VALUE_0).toBe(`Authorization: Basic ${Buffer.from('me:50%zz').toString('base64')}`)
  })

  it('that nobody answers at is no matter of credentials, whatever its port', async () => {
    for (const port of [40300, 40400])
      await expect(fetchCommit(source({repo: `http://127.0.0.1:${port}/web`}))).rejects.toMatchObject({
        code: 'UNAVAILABLE',
      })
  })

  it.each([
    'https://github.com/acme/web.git',
    'https://user:token@git.example.com:8443/acme/web',
    'http://git.example.com/web.git',
    'ssh://git@github.com/acme/web.git',
    'ssh://git@[::1]:2222/web.git',
    'git@github.com:acme/web.git',
  ])('%s is taken', (repo) => {
    expect(() => checkRepository(repo, false)).not.toThrow()
  })

  it.each([
    '',
    '-uevil',
    '--upload-pack=touch /tmp/x',
    'ext::sh -c id',
    'file:///etc',
    'fd::1',
    'git://example.com/x',
    '/srv/repo',
    './repo',
    '../repo',
    'ssh://-oProxyCommand=id/x',
    'ssh://git@-oProxyCommand=id/x',
    '-x@host:path',
    'git@-host:path',
    'git@host:-x y',
    'https://example.com/a b',
    'https://exa mple.com/a',
    'git@host::path',
    'HTTPS://',
    'https://example.com/a\nb',
    'C:\\repo',
    'host:path',
  ])('%j is refused', (repo) => {
    expect(() => checkRepository(repo, false)).toThrow(/no address of a git repository/)
  })

  it('may be a path only where that is allowed', () => {
    expect(() => checkRepository('/srv/repo', true)).not.toThrow()
    for (const repo of ['repo', '../repo', 'file:///srv/repo', 'ext::id', '/srv\n/x']) {
      expect(() => checkRepository(repo, true)).toThrow()
    }
  })

  it('never shows its password, and gives it to nobody but its host', () => {
    expect(() => checkRepository('ftp://me:hunter22@example.com/x', false)).toThrow(/ftp:\/\/\*\*\*@/)
    const {url, env} = withoutCredentials('https://me:p%40ss@example.com:8443/x.git')
    expect(url).toBe('https://example.com:8443/x.git')
    expect(env).toEqual({
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'http.https://example.com:8443/.extraHeader',
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from('me:p@ss').toString('base64')}`,
    })
  })
})

describe('the name of a branch', () => {
  it.each(['main', 'feature/x-1', 'v1.2.3', 'ünïcode'])('%s is taken', (branch) => {
    expect(() => checkBranch(branch)).not.toThrow()
  })

  it.each([
    '',
    '-x',
    '--force',
    'a b',
    'a..b',
    'a:b',
    '^a',
    'a~1',
    '/a',
    'a/',
    'a//b',
    'a.lock',
    '@',
    'a@{1}',
    'a\\b',
    '.a',
    'a/.b',
    'a\u0001',
    'a*',
    'x'.repeat(300),
  ])('%j is refused', (branch) => {
    expect(() => checkBranch(branch)).toThrow(/no name of a branch/)
  })
})

describe('a repository', () => {
  it('is fetched at the head of its branch, tag, or default branch', async () => {
    const first = await commit({a: '1'})
    await git('tag', '--annotate', '--message', 'v1', 'v1')
    const second = await commit({a: '2'})
    await git('switch', '--quiet', '--create', 'next')
    const third = await commit({a: '3', b: '3'})
    await git('switch', '--quiet', 'main')

    expect(await fetchCommit(source())).toBe(second)
    expect(await fetchCommit(source({branch: 'v1'}))).toBe(first)
    expect(await fetchCommit(source({branch: 'next'}))).toBe(third)
    expect(await files(first)).toEqual({a: '1'})
    expect(await files(third)).toEqual({a: '3', b: '3'})
    expect((await readdir(folder)).filter((name) => name.endsWith('.index'))).toEqual([])
  })

  it('follows a branch that was rewritten', async () => {
    await commit({a: '1'})
    await fetchCommit(source())
    await git('commit', '--quiet', '--amend', '--allow-empty', '--message', 'other')
    const head = (await git('rev-parse', 'HEAD')).stdout.trim()
    expect(await fetchCommit(source())).toBe(head)
    expect(await hasCommit(source(), 'f'.repeat(40))).toBe(false)
  })

  it('runs no hook, follows no submodule, and is not led astray by variables of git', async () => {
    const mark = join(folder, 'hooked')
    const hook = `#!/bin/sh\ntouch ${mark}\n`
    const head = await commit({a: '1', '.gitmodules': '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch x"\n'})
    await fetchCommit(source())
    await mkdir(join(folder, 'objects', 'hooks'), {recursive: true})
    await writeFile(join(folder, 'objects', 'hooks', 'post-checkout'), hook, {mode: 0o755})
    const env = {
      ...process.env,
      GIT_DIR: '/nowhere',
      GIT_INDEX_FILE: '/nowhere',
      GIT_EXEC_PATH: '/nowhere',
      GIT_CONFIG_PARAMETERS: "'a.b'",
    }

    const target = await mkdtemp(join(folder, 'out-'))
    await checkOut(source({env}), await fetchCommit(source({env})), target)

    expect((await readdir(target)).sort()).toEqual(['.gitmodules', 'a'])
    expect(existsSync(mark)).toBe(false)
    expect(await hasCommit(source({env}), head)).toBe(true)
  })
})

describe('a remote', () => {
  it('that is not there, empty or without the branch says so', async () => {
    expect(await fetchCommit(source()).catch((error) => error)).toMatchObject({code: 'NOT_FOUND', message: /is empty/})
    await commit({a: '1'})
    await expect(fetchCommit(source({branch: 'nope'}))).rejects.toThrow("no branch or tag 'nope'")
    await expect(fetchCommit(source({repo: join(folder, 'absent')}))).rejects.toMatchObject({code: 'NOT_FOUND'})
    await expect(fetchCommit(source({allowsLocal: false}))).rejects.toMatchObject({code: 'MANIFEST_INVALID'})
  })

  it('over HTTP is warned about, is sent the password in a header, and asks nobody when it is refused', async () => {
    const seen: (string | undefined)[] = []
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization)
      response.writeHead(401, {'www-authenticate': 'Basic realm="x"'}).end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://me:hunter22@127.0.0.1:${(server.address() as AddressInfo).port}/x.git`
    try {
      const error = await fetchCommit(source({repo: url})).catch((thrown) => thrown)
      expect(error).toMatchObject({code: 'UNAUTHORIZED'})
      expect(`${error.message} ${error.hint} ${lines.join()}`).not.toContain('hunter22')
      expect(seen[0]).toBe(`Basic ${Buffer.from('me:hunter22').toString('base64')}`)
      expect(lines.join()).toContain('without encryption')
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('that never answers is left at an abort', async () => {
    const stop = new AbortController()
    const server = createServer(() => stop.abort()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.git`
    try {
      await expect(fetchCommit(source({repo: url, signal: stop.signal}))).rejects.toMatchObject({code: 'ABORTED'})
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})
