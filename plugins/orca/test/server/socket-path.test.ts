import {spawnSync} from 'node:child_process'
import {chmodSync, mkdtempSync, rmSync, statSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {socketPath} from '../../src/socket-path.ts'

describe('socketPath', () => {
  let home = ''
  const made: string[] = []
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'omni-socket-'))
    made.push(home)
  })
  afterEach(() => {
    for (const path of made.splice(0)) rmSync(path, {recursive: true, force: true})
  })

  it('is in the run folder, which is made private', () => {
    const path = socketPath(home, 'server')

    expect(path).toBe(join(home, 'run', 'server.sock'))
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
  })

  it('a long home moves it to a short private folder that is the same each time', () => {
    const long = join(home, 'x'.repeat(100))

    const path = socketPath(long, 'supervisor')
    made.push(dirname(path))

    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(100)
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
    expect(socketPath(long, 'supervisor')).toBe(path)
    expect(socketPath(`${long}y`, 'supervisor')).not.toBe(path)
    made.push(dirname(socketPath(`${long}y`, 'supervisor')))
  })

  it.runIf(process.platform === 'linux')('where nothing can be made it says so, rather than hang', () => {
    const program = `import(${JSON.stringify(new URL('../../dist/socket-path.js', import.meta.url).href)})
      .then(({socketPath}) => socketPath('/proc/nowhere', 'server')).catch((error) => console.log(error.code))`
    const {stdout} = spawnSync(process.execPath, ['-e', program], {timeout: 5_000, encoding: 'utf8'})

    expect(stdout.trim()).toBe('ENOENT')
  })

  it('a folder that others can enter is refused', () => {
    const long = join(home, 'z'.repeat(100))
    const folder = dirname(socketPath(long, 'edge'))
    made.push(folder)
    chmodSync(folder, 0o755)

    expect(() => socketPath(long, 'edge')).toThrow(/not a private folder/)
  })
})
