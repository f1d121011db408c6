import {beforeEach, describe, expect, it} from 'vitest'
import {importUri, type UriRequest} from '../../src/models/import/import-uri.ts'
import {storageUri} from '../../src/models/import/uri.ts'
import {type ImportWorld, importWorld} from './import-session.ts'

let world: ImportWorld
beforeEach(() => {
  world = importWorld([])
})

async function run(scheme: string, address: string, more: Partial<UriRequest> = {}) {
  const view = await importUri(world.session, {
    ...{scheme, address, wishes: {}, force: false, dryRun: false, signal: new AbortController().signal},
    notice: () => undefined,
    approve: async () => true,
    ...more,
  })
  return view?.type === 'item' ? view.data : undefined
}

describe('an address', () => {
  it.each([
    ['oci', 'oci://n/team/b/models/o/llama-70b/', 'oci://n/team/b/models/o/llama-70b/', 'llama-70b'],
    ['oci', 'n/team/b/models/o/a/b', 'oci://n/team/b/models/o/a/b', 'b'],
    ['s3', 's3://models@eu-west-1/llama', 's3://models@eu-west-1/llama', 'llama'],
    ['local', '/raid/models/x', 'local:///raid/models/x', 'x'],
    ['local', 'local:///raid/models/x', 'local:///raid/models/x', 'x'],
  ])('of %s: %s', (scheme, text, uri, stem) => {
    expect(storageUri(scheme, text)).toMatchObject({uri, stem})
  })

  it.each([
    ['oci', 'oci://registry.example/model:tag', 'Oracle Object Storage'],
    ['oci', 'oci://registry.example:5000/a/b@sha256:0123456789abcdef', 'Oracle Object Storage'],
    ['oci', 'oci://n/team/b/models', 'no address'],
    ['oci', 'gs://bucket/x', 'gs://'],
    ['s3', 's3://bucket', 'no address'],
    ['s3', 'hf://a/b', 'hf://'],
    ['local', 'models/x', 'no address'],
    ['local', '/raid/../etc', 'no address'],
    ['local', '/raid/a b', 'no address'],
    ['local', '/raid/\u001b[2J', 'no address'],
    ['local', '', 'no address'],
  ])('of %s is not %j', (scheme, text, reason) => {
    expect(() => storageUri(scheme, text)).toThrow(reason)
  })
})

describe('an import by address', () => {
  it('of a folder of the nodes makes a model there', async () => {
    expect(await run('local', '/raid/models/My.Model')).toMatchObject({action: 'created'})
    expect(await world.catalog.models.get('my-model')).toMatchObject({
      source: 'local:///raid/models/My.Model',
      path: '/raid/models/My.Model',
    })
    expect(await run('local', '/raid/models/My.Model')).toMatchObject({action: 'exists'})
  })

  it('of what OME cannot fetch is refused, and made when it is forced', async () => {
    await expect(run('s3', 's3://bucket/llama')).rejects.toMatchObject({code: 'UNSUPPORTED'})
    expect(await world.catalog.models.list()).toEqual([])

    expect(await run('s3', 's3://bucket/llama', {force: true})).toMatchObject({
      action: 'created',
      warnings: [expect.stringContaining('no downloader')],
    })
  })

  it('that differs from what is there changes nothing', async () => {
    await run('local', '/raid/models/x')

    await expect(run('local', '/other/x')).rejects.toMatchObject({code: 'CONFLICT'})
  })

  it('that is tried or declined makes nothing', async () => {
    expect(await run('local', '/raid/models/x', {dryRun: true})).toMatchObject({action: 'create'})
    expect(await run('local', '/raid/models/x', {approve: async () => false})).toBeUndefined()
    expect(await world.catalog.models.list()).toEqual([])
  })
})
