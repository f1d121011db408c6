import {execFileSync, fork} from 'node:child_process'
import {once} from 'node:events'
import {lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {poll, type ServiceInput} from '@omni-cli/sdk'
import {create} from 'tar'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {prepareRelease, pruneReleases} from '../../src/runtimes/process/release/prepare.ts'
import type {PrepareOptions} from '../../src/runtimes/runtime.ts'
import {isAlive, specOf} from './test-home.ts'

let home: string
let archive: string
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'omni-prepare-'))
  const source = join(home, 'source')
  mkdirSync(join(source, 'data'), {recursive: true})
  writeFileSync(join(source, 'app.txt'), 'sources')
  writeFileSync(join(source, 'data', 'seed.txt'), 'seed')
  archive = join(home, 'source.tgz')
  await create({gzip: true, file: archive, cwd: source}, ['.'])
})
afterEach(() => rmSync(home, {recursive: true, force: true}))

const releases = () => join(home, 'engine', 'releases', 'web')

const prepare = (input: Partial<ServiceInput>, options: PrepareOptions = {}, release = 'r1') => {
  const spec = specOf({command: 'true', ...input})
  return prepareRelease(home, {service: 'web', release, spec, archive, env: {GREETING: 'hello'}}, options)
}

describe('prepare', () => {
  it('unpacks, builds in order with the environment of the service, and tells the output', async () => {
    const output: string[] = []
    const commands = [`sh -c 'echo "$GREETING" > built.txt'`, ['sh', '-c', 'cat built.txt app.txt; echo warn >&2']]
    const {location} = await prepare({build: {commands}}, {onOutput: (line) => output.push(line)})

    expect(location).toBe(join(releases(), 'r1'))
    expect(readFileSync(join(location, 'built.txt'), 'utf8')).toBe('hello\n')
    expect(output).toContain('warn')
    expect(output).toEqual(expect.arrayContaining(['hello', 'sources']))
    expect(readFileSync(join(home, 'engine/logs/web/web-build.log'), 'utf8')).toMatch(/ e r1 warn\n/)
  })

  it('does the work once', async () => {
    await prepare({build: {commands: ['touch once']}})
    rmSync(join(releases(), 'r1', 'once'))
    await prepare({build: {commands: ['touch once']}})

    expect(readdirSync(join(releases(), 'r1')).sort()).toEqual(['app.txt', 'data'])
  })

  it('builds where the release will run, so that absolute paths of a build stay true', async () => {
    const script = 'echo "#!$PWD/shell" > hello; echo "echo $PWD" >> hello; ln -s /bin/sh shell; chmod +x hello'
    const {location} = await prepare({build: {commands: [['sh', '-c', script]]}})

    expect(execFileSync(join(location, 'hello'), {encoding: 'utf8'})).toBe(`${location}\n`)
  })

  it('gives a service without sources an empty folder', async () => {
    const spec = specOf({command: 'true'})
    const request = {service: 'web', release: 'r1', spec, archive: undefined, env: {}}
    const {location} = await prepareRelease(home, request)

    expect(readdirSync(location)).toEqual([])
  })

  it('says how a build failed and leaves nothing', async () => {
    const build = {commands: [['sh', '-c', 'echo one; echo two >&2; exit 3'], 'touch never']}
    const failure = await prepare({build}).catch((error) => error)

    expect(failure).toMatchObject({
      code: 'DEPLOY_FAILED',
      message: expect.stringContaining('exit 3'),
      details: {reason: 'BuildFailed', exit: {code: 3}, lastLines: expect.arrayContaining(['one', 'two'])},
    })
    expect(readdirSync(releases())).toEqual([])
  })

  it('writes the steps down as they are, not with the secrets they use', async () => {
    const failure = await prepare({build: {commands: ['false $GREETING']}}).catch((error) => error)

    expect(failure.message).not.toContain('hello')
    expect(readFileSync(join(home, 'engine/logs/web/web-build.log'), 'utf8')).not.toContain('hello')
  })

  it('names a build program that does not exist', async () => {
    await expect(prepare({build: {commands: ['no-such-builder']}})).rejects.toMatchObject({
      code: 'DEPLOY_FAILED',
      message: expect.stringContaining("'no-such-builder'"),
      details: {reason: 'BuildFailed'},
    })
    expect(readdirSync(releases())).toEqual([])
  })

  it('leaves nothing of a bad archive', async () => {
    writeFileSync(archive, 'no archive')

    await expect(prepare({})).rejects.toMatchObject({code: 'MANIFEST_INVALID'})
    expect(readdirSync(releases())).toEqual([])
  })
})

describe('a preparation that is broken off', () => {
  it('when aborted ends the whole build and leaves nothing', async () => {
    const abort = new AbortController()
    const pids: number[] = []
    const note = (line: string) => {
      if (/^\d+$/.test(line) && pids.push(Number(line)) === 2) abort.abort()
    }
    const build = {commands: [['sh', '-c', 'sleep 1000 & echo $!; echo $$; wait']]}

    await expect(prepare({build}, {signal: abort.signal, onOutput: note})).rejects.toMatchObject({code: 'ABORTED'})
    expect(readdirSync(releases())).toEqual([])
    await poll({everyMs: 10, timeoutMs: 5000}, () => !pids.some(isAlive))
  })

  it('when killed leaves nothing that is used', async () => {
    const builder = fork(fileURLToPath(new URL('builder.js', import.meta.url)), [home, archive], {execArgv: []})
    const [group] = (await once(builder, 'message')) as [number]
    builder.kill('SIGKILL')
    process.kill(-group, 'SIGKILL')
    await once(builder, 'exit')
    const {location} = await prepare({build: {commands: ['touch whole']}})

    expect(readdirSync(location).sort()).toEqual(['app.txt', 'data', 'whole'])
    expect(readdirSync(releases())).toEqual(['r1'])
  })

  it('of an earlier version is made anew too: that left a folder of another name', async () => {
    mkdirSync(join(releases(), 'r1.partial'), {recursive: true})
    writeFileSync(join(releases(), 'r1.partial', 'half'), '')
    const {location} = await prepare({})

    expect(readdirSync(location).sort()).toEqual(['app.txt', 'data'])
    expect(readdirSync(releases())).toEqual(['r1'])
  })
})

describe('a volume', () => {
  it('outlives releases and is filled from the sources at first', async () => {
    const volume = {path: 'data'}
    const first = await prepare({volume})
    writeFileSync(join(first.location, 'data', 'kept.txt'), 'kept')
    const second = await prepare({volume}, {}, 'r2')

    expect(lstatSync(join(second.location, 'data')).isSymbolicLink()).toBe(true)
    expect(readdirSync(join(second.location, 'data')).sort()).toEqual(['kept.txt', 'seed.txt'])
    expect(readdirSync(join(home, 'engine/volumes/web')).sort()).toEqual(['kept.txt', 'seed.txt'])
  })
})

describe('prune', () => {
  it('keeps the named releases and never the volume', async () => {
    for (const release of ['r1', 'r2', 'r3']) await prepare({volume: {path: 'data'}}, {}, release)
    for (const half of ['r8', 'r8.partial', 'r9.partial']) mkdirSync(join(releases(), half))
    await pruneReleases(home, 'web', new Set(['r2', 'r3']))

    expect(readdirSync(releases()).sort()).toEqual(['r2', 'r3'])
    expect(readdirSync(join(home, 'engine/volumes/web'))).toEqual(['seed.txt'])
  })

  it('of a service without releases is no error', async () => {
    await pruneReleases(home, 'other', new Set())
  })
})
