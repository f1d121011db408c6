import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {createHttp, serviceSpec, silentLogger} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {createSecretsClient} from '../../src/client/secrets.ts'
import {takeFolderSecrets} from '../../src/client/secrets-folder.ts'
import {ADMIN, serveApi} from '../api/serve.ts'

let api: Awaited<ReturnType<typeof serveApi>>
let folder: string
let notices: string[]
beforeEach(async () => {
  api = await serveApi()
  folder = mkdtempSync(join(tmpdir(), 'omni-folder-'))
  notices = []
})
afterEach(async () => {
  await api.close()
  rmSync(folder, {recursive: true})
})

const clientWith = (token: string) =>
  createSecretsClient({http: createHttp({log: silentLogger}), target: {url: api.url, token}})
const declared = (env: Record<string, string>, project?: string) => ({
  spec: serviceSpec.parse({name: 'web', command: 'node .', env, ...(project === undefined ? {} : {project})}),
  folder,
})
let opened = 0
const take = (service: ReturnType<typeof declared>, token = ADMIN) => {
  opened = 0
  const open = async () => {
    opened++
    return clientWith(token)
  }
  return takeFolderSecrets([service], {open, notice: (text) => notices.push(text)})
}
const write = (content: string) => writeFileSync(join(folder, 'secrets.json'), content)
const kept = () => api.secrets.store.reveal(api.secrets.store.list().map(({key, project}) => ({key, project})))

describe('the secrets beside a service file', () => {
  it('are taken as far as its services ask for them', async () => {
    write('{"A": "one", "B": "two", "UNUSED": "three"}')

    await take(declared({X: `\${secrets.A}`, Y: `x\${secrets.B}$\${secrets.UNUSED}`}, 'shop'))

    expect(kept()).toEqual([
      {key: 'A', project: 'shop', value: 'one'},
      {key: 'B', project: 'shop', value: 'two'},
    ])
    expect(notices).toMatchObject([expect.stringContaining('took shop/A, shop/B from')])
  })

  it('are not even looked at when nothing is asked for', async () => {
    write('not JSON')

    await take(declared({X: 'plain'}, 'shop'))

    expect({opened, notices}).toEqual({opened: 0, notices: []})
  })

  it('say nothing when the server has the same', async () => {
    write('{"A": "one"}')
    const service = declared({X: `\${secrets.A}`}, 'shop')
    await take(service)
    notices = []

    await take(service)

    expect(notices).toEqual([])
  })

  it('replace nothing, and no notice shows a value', async () => {
    write('{"A": "of-the-file"}')
    api.secrets.store.put([{key: 'A', project: 'shop', value: 'of-the-server'}], {by: 'x', onConflict: 'replace'})

    await take(declared({X: `\${secrets.A}`}, 'shop'))

    expect(kept()).toMatchObject([{value: 'of-the-server'}])
    expect(notices).toMatchObject([expect.stringContaining('has another value')])
    expect(notices.join()).not.toMatch(/of-the-(file|server)/)
  })

  it('are left alone with a token that may not set secrets', async () => {
    write('{"A": "one"}')

    await take(declared({X: `\${secrets.A}`}, 'shop'), api.tokenOf('deployer'))

    expect(kept()).toEqual([])
    expect(notices).toMatchObject([expect.stringContaining('needs the token of an admin')])
  })

  it('stop the deploy when they cannot be read and are needed, and only then', async () => {
    write('{"A": ')
    const service = declared({X: `\${secrets.A}`}, 'shop')

    await expect(take(service)).rejects.toMatchObject({code: 'USAGE', hint: expect.stringContaining('--project shop')})

    api.secrets.store.put([{key: 'A', value: 'for all'}], {by: 'x', onConflict: 'replace'})
    await take(service)
    expect(notices).toEqual([])
  })
})
