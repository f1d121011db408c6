import {lstatSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {create} from 'tar'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {sharedPaths} from '../../src/runtimes/process/paths.ts'
import {findUser} from '../../src/runtimes/process/users.ts'
import {openTestHome, specOf, type TestHome} from './test-home.ts'

let test: TestHome
beforeEach(() => {
  test = openTestHome()
})
afterEach(async () => {
  await test.close()
  rmSync(sharedPaths(test.home).root, {recursive: true, force: true})
})

const canBeOthers = process.getuid?.() === 0 && findUser('nobody') !== undefined

describe.runIf(canBeOthers)('a service with a user (needs root)', () => {
  it('builds, runs and keeps its data as that user', async () => {
    const source = join(test.home, 'source')
    mkdirSync(source)
    writeFileSync(join(source, 'app.txt'), 'sources')
    const archive = join(test.home, 'source.tgz')
    await create({gzip: true, file: archive, cwd: source}, ['.'])
    const spec = specOf({
      user: 'nobody',
      build: {commands: [['sh', '-c', 'id -u > built-by']]},
      volume: {path: 'data'},
      command: ['sh', '-c', 'id -u; cat "$PWD/app.txt"; echo kept > data/file; echo again > /dev/stdout'],
    })
    const request = {service: 'web', release: 'r1', spec, env: {}}
    expect(test.runtime.problems(spec)).toEqual([])
    const prepared = await test.runtime.prepare({...request, archive})
    const {id} = await test.runtime.create({...request, index: 0, prepared})
    await test.exitOf(id)

    const uid = findUser('nobody')?.uid
    expect((await test.text('web')).join('\n')).toBe(`${uid}\nsourcesagain`)
    expect(Number(readFileSync(join(prepared.location, 'built-by'), 'utf8'))).toBe(uid)
    const file = join(test.home, 'engine/volumes/web/file')
    expect(statSync(file).uid).toBe(uid)

    rmSync(join(test.home, 'engine/volumes/web'))
    await test.runtime.remove(id)
    await test.runtime.prune('web', [])
    expect(lstatSync(join(sharedPaths(test.home).volumes, 'web'), {throwIfNoEntry: false})).toBeUndefined()
  })
})
