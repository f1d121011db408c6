import {execFileSync} from 'node:child_process'
import {mkdir, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {list} from 'tar'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {readBuildContext} from '../../../src/runtimes/docker/images/build-context.ts'
import {parseDockerIgnore} from '../../../src/runtimes/docker/images/dockerignore.ts'
import {engineName, parseReference} from '../../../src/runtimes/docker/images/reference.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`

describe('a name of an image', () => {
  it.each([
    ['nginx', 'docker.io', 'library/nginx', 'nginx:latest'],
    ['acme/web:1.2', 'docker.io', 'acme/web', 'acme/web:1.2'],
    ['docker.io/acme/web', 'docker.io', 'acme/web', 'docker.io/acme/web:latest'],
    ['ghcr.io/acme/web:1', 'ghcr.io', 'acme/web', 'ghcr.io/acme/web:1'],
    ['127.0.0.1:5000/web', '127.0.0.1:5000', 'web', '127.0.0.1:5000/web:latest'],
    ['localhost/web', 'localhost', 'web', 'localhost/web:latest'],
    [`ghcr.io/web:1@${DIGEST}`, 'ghcr.io', 'web', `ghcr.io/web@${DIGEST}`],
  ])('%s is taken apart', (text, registry, path, name) => {
    const reference = parseReference(text)
    expect(reference).toMatchObject({registry, path})
    expect(engineName(reference)).toBe(name)
  })

  it.each([
    '',
    ' ',
    'Web',
    'web:',
    'web:a b',
    '-web',
    'web@sha256:12',
    'web@a@b',
    '../web',
    'a//b',
    'web/',
    'web:..',
    'a\nb',
    'x?y=1',
    'web#1',
    '%2e%2e/x',
  ])('%j is refused', (text) => {
    expect(() => parseReference(text)).toThrow(/no name of an image/)
  })
})

describe('.dockerignore', () => {
  it.each([
    ['node_modules', 'node_modules/a/b.js', true],
    ['node_modules', 'web/node_modules/a.js', false],
    ['**/node_modules', 'web/node_modules/a.js', true],
    ['**/*.log', 'a.log', true],
    ['**/*.log', 'x/y/a.log', true],
    ['*.log', 'x/a.log', false],
    ['*/temp*', 'a/temporary.txt', true],
    ['*/temp*', 'a/b/temp', false],
    ['temp?', 'tempa', true],
    ['temp?', 'temp', false],
    ['/dist', 'dist/a', true],
    ['dist/', 'dist/a', true],
    ['./a/../dist', 'dist/a', true],
    ['*.md\n!README.md', 'README.md', false],
    ['*.md\n!README*.md\nREADME-secret.md', 'README-secret.md', true],
    ['# dist', 'dist', false],
    ['[a-c].txt', 'b.txt', true],
    ['[!a-c].txt', 'b.txt', false],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['a.b', 'axb', false],
    ['**', 'anything/at/all', true],
    ['docs/**/*.png', 'docs/a/b/c.png', true],
    ['docs/**/*.png', 'docs/c.png', true],
  ])('%j and %s: ignored is %s', (text, path, expected) => {
    expect(parseDockerIgnore(text).ignores(path)).toBe(expected)
  })
})

it('a pattern that fits in a thousand ways takes no longer than others', () => {
  const {ignores} = parseDockerIgnore(`${'**/a/'.repeat(100)}b\n${'*a'.repeat(100)}b\n${'**a'.repeat(100)}b`)
  expect(ignores(`${'a/'.repeat(1000)}c`)).toBe(false)
  expect(ignores('a'.repeat(250))).toBe(false)
  expect(ignores(`${'a/'.repeat(1000)}b`)).toBe(true)
  expect(() => parseDockerIgnore('*a'.repeat(1000))).toThrow(/no pattern/)
})

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'omni-context-'))
})
afterEach(() => rm(root, {recursive: true, force: true}))

const put = async (path: string, text = path) => {
  await mkdir(join(root, path, '..'), {recursive: true})
  await writeFile(join(root, path), text)
}
const sent = async (place: {context?: string; dockerfile?: string}) => {
  const context = await readBuildContext({root, ...place})
  const names: string[] = []
  const parser = list({onReadEntry: (entry) => void names.push(entry.path)})
  for await (const chunk of context.open()) parser.write(chunk)
  parser.end()
  return {...context, names}
}

describe('what a build sends', () => {
  it('is the folder without what is ignored, and always the Dockerfile', async () => {
    for (const path of ['Dockerfile', 'src/a.js', 'src/a.log', '@odd', '-rf', 'node_modules/x/index.js'])
      await put(path)
    await put('.dockerignore', 'node_modules\n**/*.log\nDockerfile\n.dockerignore\n')

    const {names, dockerfile} = await sent({})

    expect(dockerfile).toBe('Dockerfile')
    expect(names.sort()).toEqual(['-rf', '.dockerignore', '@odd', 'Dockerfile', 'src/', 'src/a.js'])
  })

  it('takes back single files of ignored folders', async () => {
    for (const path of ['Dockerfile', 'data/keep/one', 'data/two']) await put(path)
    await put('.dockerignore', 'data\n!data/keep/one\n')
    expect((await sent({})).names.sort()).toEqual(['.dockerignore', 'Dockerfile', 'data/keep/one'])
  })

  it('takes a Dockerfile from outside of the context along', async () => {
    await put('docker/Web')
    await put('web/index.html')
    const {names, dockerfile} = await sent({context: 'web', dockerfile: 'docker/Web'})
    expect(names.sort()).toEqual(['.omni-dockerfile', 'index.html'])
    expect(dockerfile).toBe('.omni-dockerfile')
  })

  it('knows the images that the Dockerfile starts from', async () => {
    await put(
      'Dockerfile',
      'ARG X=1\nFROM --platform=linux/amd64 ghcr.io/a/b:1 AS build\nfrom build\nFROM scratch\nFROM $X\n',
    )
    expect((await sent({})).baseImages).toEqual(['ghcr.io/a/b:1'])
  })

  it.each([
    [{context: '../'}, /leads out/],
    [{dockerfile: '/etc/passwd'}, /leads out/],
    [{context: 'link'}, /leads out/],
    [{dockerfile: 'Dockerfile.link'}, /leads out/],
    [{context: 'absent'}, /there is no context/],
    [{dockerfile: 'absent'}, /there is no Dockerfile/],
    [{context: 'Dockerfile'}, /no folder/],
  ])('%j is refused', async (place, message) => {
    await put('Dockerfile', 'FROM scratch')
    await symlink('/etc', join(root, 'link'))
    await symlink('/etc/passwd', join(root, 'Dockerfile.link'))
    await expect(readBuildContext({root, ...place})).rejects.toThrow(message)
  })
})

describe('sources that somebody made to do harm', () => {
  it('a Dockerfile of a million lines is read at once', async () => {
    await put('Dockerfile', `${'\n'.repeat(1_000_000)}FROM a`)
    expect((await sent({})).baseImages).toEqual(['a'])
  })

  it.each(['Dockerfile', '.dockerignore'])('a %s that is a pipe or a folder is refused', async (name) => {
    await put('Dockerfile', 'FROM scratch')
    await rm(join(root, name), {force: true})
    await mkdir(join(root, name))
    await expect(readBuildContext({root})).rejects.toThrow(`the ${name} must be a regular file`)
    await rm(join(root, name), {recursive: true})
    execFileSync('mkfifo', [join(root, name)])
    await expect(readBuildContext({root})).rejects.toThrow(`the ${name} must be a regular file`)
  })

  it('a .dockerignore that leads out of the sources is not read', async () => {
    await put('Dockerfile', 'FROM scratch')
    await symlink('/dev/zero', join(root, '.dockerignore'))
    await expect(readBuildContext({root})).rejects.toThrow(/leads out/)
  })

  it('an archive of a file that has gone fails for its reader alone', async () => {
    await put('Dockerfile', 'FROM scratch')
    await put('gone')
    const context = await readBuildContext({root})
    await rm(join(root, 'gone'))
    const archive = context.open()
    await new Promise((resolve) => setImmediate(resolve))
    await expect(archive.toArray()).rejects.toThrow(/gone/)
  })
})
