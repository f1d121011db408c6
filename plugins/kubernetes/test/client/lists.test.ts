import {describe, expect, it} from 'vitest'
import {json, openTestClient, PODS, pod, refusal, startApi} from './api-server.ts'

const page = (names: readonly string[], next?: string) => ({
  kind: 'PodList',
  apiVersion: 'v1',
  metadata: {resourceVersion: '7', continue: next},
  items: names.map((name) => ({metadata: {name}})),
})

const continued = (url: string | undefined): string | null =>
  new URL(url ?? '', 'http://x').searchParams.get('continue')

describe('a list', () => {
  it('is asked for in pages, and its objects know what they are', async () => {
    await using api = await startApi(({url}, response) =>
      json(response, continued(url) === null ? page(['a', 'b'], 'more') : page(['c'])),
    )
    await using lab = await openTestClient(api.url)

    const pods = await lab.client.list(PODS, {labels: {app: 'web', tier: 'x'}})

    expect(pods.map(({kind, apiVersion, metadata}) => [apiVersion, kind, metadata.name])).toEqual([
      ['v1', 'Pod', 'a'],
      ['v1', 'Pod', 'b'],
      ['v1', 'Pod', 'c'],
    ])
    expect(api.requests[0]).toBe('GET /api/v1/namespaces/team/pods?labelSelector=app%3Dweb%2Ctier%3Dx&limit=500')
  })

  it('starts again when its continuation has expired in the middle', async () => {
    let isExpired = false
    await using api = await startApi(({url}, response) => {
      if (continued(url) === null) json(response, page(['a'], 'more'))
      else if (isExpired) json(response, page(['b']))
      else {
        isExpired = true
        json(response, refusal(410, 'Expired', 'The provided continue parameter is too old'), 410)
      }
    })
    await using lab = await openTestClient(api.url)

    const names = (await lab.client.list(PODS, {allNamespaces: true})).map(({metadata}) => metadata.name)

    expect(names).toEqual(['a', 'b'])
    expect(api.requests).toHaveLength(4)
  })

  it('that expires again and again is asked for in one piece', async () => {
    await using api = await startApi(({url}, response) => {
      if (continued(url) !== null) json(response, refusal(410, 'Expired', 'too old'), 410)
      else json(response, url?.includes('limit=') ? page(['a'], 'more') : page(['a', 'b']))
    })
    await using lab = await openTestClient(api.url)

    expect(await lab.client.list(PODS)).toHaveLength(2)
  })

  it('of nothing is empty, whatever stands for it', async () => {
    await using api = await startApi((_, response) => json(response, {...page([]), items: null}))
    await using lab = await openTestClient(api.url)

    expect(await lab.client.list(PODS)).toEqual([])
  })
})

describe('a table', () => {
  it('has the columns of the server and rows that know what they are', async () => {
    await using api = await startApi(({headers}, response) => {
      expect(headers.accept).toContain('as=Table')
      json(response, {
        kind: 'Table',
        columnDefinitions: [{name: 'Name'}, {name: 'Node', priority: 1}],
        rows: [
          {
            cells: ['a', 'n1'],
            object: {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: {name: 'a'}},
          },
        ],
      })
    })
    await using lab = await openTestClient(api.url)

    expect(await lab.client.table(PODS)).toEqual({
      columns: [
        {header: 'Name', priority: 0},
        {header: 'Node', priority: 1},
      ],
      rows: [{cells: ['a', 'n1'], object: {apiVersion: 'v1', kind: 'Pod', metadata: {name: 'a'}}}],
    })
    expect(api.requests[0]).toContain('includeObject=Metadata')
  })

  it('is made of a list where the server makes none', async () => {
    await using api = await startApi((_, response) => json(response, page(['a'])))
    await using lab = await openTestClient(api.url)

    expect(await lab.client.table(PODS)).toMatchObject({
      columns: [{header: 'Name'}, {header: 'Created'}],
      rows: [{cells: ['a', undefined]}],
    })
  })
})

describe('one object', () => {
  it('that is absent is undefined, and removing it no error', async () => {
    await using api = await startApi((_, response) =>
      json(response, refusal(404, 'NotFound', 'pods "x/../y" not found'), 404),
    )
    await using lab = await openTestClient(api.url)
    const place = {kind: PODS, name: 'x/../y', subresource: 'status'}

    expect(await lab.client.get(place)).toBeUndefined()
    await lab.client.remove(place)
    expect(api.requests).toEqual([
      'GET /api/v1/namespaces/team/pods/x%2F..%2Fy/status',
      'DELETE /api/v1/namespaces/team/pods/x%2F..%2Fy/status',
    ])
  })

  it('is applied as a field manager, by force only when asked', async () => {
    await using api = await startApi((_, response) => json(response, pod('a', '1')))
    await using lab = await openTestClient(api.url)

    await lab.client.apply(PODS, pod('a', ''), {force: true})
    await lab.client.apply(PODS, {...pod('a', ''), metadata: {name: 'a', namespace: 'other'}})

    expect(api.requests).toEqual([
      'PATCH /api/v1/namespaces/team/pods/a?fieldManager=omni&force=true',
      'PATCH /api/v1/namespaces/other/pods/a?fieldManager=omni',
    ])
  })
})
