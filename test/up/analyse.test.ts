import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {analyse, type Overrides} from '../../src/up/analyse.ts'
import {pickServices} from '../../src/up/deploy-files.ts'

let dir: string
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'omni-analyse-')), 'shop')
  mkdirSync(dir)
})
afterEach(() => rmSync(join(dir, '..'), {recursive: true, force: true}))

const write = (path: string, content: string) => writeFileSync(join(dir, path), content)
const found = async (overrides: Partial<Overrides> = {}) => {
  const {manifest, notes} = await analyse(dir, {build: true, ...overrides})
  return {services: manifest.resources.map(({spec}) => spec), manifest, notes}
}

describe('a recognised folder', () => {
  beforeEach(() => write('package.json', '{"scripts":{"start":"node a.js","build":"make"}}'))

  it('takes name, port, replicas and domain from the command line', async () => {
    const {services, manifest} = await found({name: 'web', port: 8080, replicas: 2, domain: 'a.example'})

    expect(services).toEqual([
      expect.objectContaining({name: 'web', host_port: 8080, replicas: 2, domain: 'a.example'}),
    ])
    expect(manifest.plans).toEqual(['web'])
    expect(manifest.resources[0]?.written).toMatchObject({name: 'web', replicas: 2})
  })

  it('is not built with --no-build', async () => {
    expect((await found()).services[0]).toMatchObject({build: {commands: [['npm', 'run', 'build']]}})
    expect((await found({build: false})).services[0]).not.toHaveProperty('build')
  })

  it('knows its environment', async () => {
    expect((await found({env: 'staging'})).services[0]).toMatchObject({
      env: {OMNI_ENV: 'staging', NODE_ENV: 'production'},
    })
  })

  it.each(['../x', '', 'B@d', 'x'.repeat(300), '__proto__'])('refuses the name %j', async (name) => {
    await expect(found({name})).rejects.toMatchObject({code: 'USAGE'})
  })

  it.each(['../x', '', 'a b', '-rf', 'a\nb', 'x'.repeat(300), 'http://x'])(
    'refuses the host name %j',
    async (domain) => {
      await expect(found({domain})).rejects.toMatchObject({code: 'USAGE'})
    },
  )

  it('refuses a path that no file system can have', async () => {
    await expect(analyse('x'.repeat(300), {build: true})).rejects.toMatchObject({code: 'NOT_FOUND'})
  })
})

describe('a declared folder', () => {
  const plan = 'services:\n  web: {command: a, port: 1000}\n  worker: {command: b}\n'

  it('means the one service with a port', async () => {
    write('omni.yaml', plan)

    const {services} = await found({port: 8080})

    expect(services).toEqual([
      expect.objectContaining({name: 'web', host_port: 8080}),
      expect.not.objectContaining({host_port: 8080}),
    ])
    await expect(found({name: 'x'})).rejects.toMatchObject({code: 'USAGE'})
  })

  it('takes the overlay of an environment; one that no file has is an error, none at all a remark', async () => {
    write('omni.yaml', `${plan}environments:\n  production:\n    services: {web: {replicas: 4}}\n`)
    expect((await found({env: 'production'})).services[0]).toMatchObject({replicas: 4})
    await expect(found({env: 'moon'})).rejects.toMatchObject({code: 'MANIFEST_INVALID'})

    write('omni.yaml', plan)
    expect((await found({env: 'production'})).notes).toEqual([expect.stringContaining('no environments')])
  })

  it('gives only the services that are named', async () => {
    write('omni.yaml', plan)
    const {manifest} = await found()

    expect(pickServices(manifest, ['worker']).resources.map(({name}) => name)).toEqual(['worker'])
    expect(() => pickServices(manifest, ['wroker'])).toThrow(expect.objectContaining({code: 'NOT_FOUND'}))
  })
})
