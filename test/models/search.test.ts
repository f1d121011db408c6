import {expect, it} from 'vitest'
import {searchModels} from '../../src/models/search.ts'
import {foundView} from '../../src/models/search-view.ts'
import {found, importWorld} from './import-session.ts'

const GPU = {
  ...{name: 'n1', usable: true, labels: {}, gpuMemoryBytes: 80e9},
  ...{allocatable: {cpus: 8, memoryBytes: 1, gpus: 8, pods: 1}, requested: {cpus: 0, memoryBytes: 0, gpus: 6, pods: 0}},
  free: {cpus: 8, memoryBytes: 1, gpus: 2, pods: 1},
}

it('a search shows what there is of each model', async () => {
  const {session} = importWorld([
    found('one', {downloads: 5, likes: 2, license: '\u001b[2Jmit'}),
    found('two', {access: 'gated'}),
  ])

  const view = foundView(await searchModels(session, 'hf', {query: ''}))
  const rows = view.rows as ReturnType<typeof found>[]

  expect(view.columns.map(({header}) => header).slice(0, 7)).toEqual([
    'NAME',
    'PARAMETERS',
    'DOWNLOADS',
    'LIKES',
    'LICENSE',
    'ACCESS',
    'UPDATED',
  ])
  expect(rows.map((row) => view.columns[0]?.value(row))).toEqual(['ivory/one', 'ivory/two'])
})

it('a search for what fits asks the cluster what is free on one node', async () => {
  const {session} = importWorld([
    found('small', {parameters: 8e9}),
    found('large', {parameters: 70e9}),
    found('unknown', {parameters: undefined}),
  ])
  const cluster = {capacity: async () => ({nodes: [GPU, {...GPU, usable: false, free: {...GPU.free, gpus: 8}}]})}
  const withCluster = {...session, open: async (kind: string) => (kind === 'cluster' ? cluster : undefined) as never}

  const models = await searchModels(withCluster, 'hf', {query: '', fits: true})

  expect(models.map(({ref}) => ref)).toEqual(['hf://ivory/small'])
})

it('a search for what fits is refused where no node tells its memory', async () => {
  const {session} = importWorld([found('small')])
  const cluster = {capacity: async () => ({nodes: [{...GPU, gpuMemoryBytes: undefined}]})}
  const withCluster = {...session, open: async () => cluster as never}

  await expect(searchModels(withCluster, 'hf', {query: '', fits: true})).rejects.toMatchObject({code: 'UNSUPPORTED'})
})

it('a scheme that no plugin answers for is UNAVAILABLE', async () => {
  await expect(searchModels(importWorld([]).session, 'ivory', {query: ''})).rejects.toMatchObject({code: 'UNAVAILABLE'})
})
