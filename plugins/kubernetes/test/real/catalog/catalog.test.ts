import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {ApiObject} from '@omni-cli/sdk'
import {load} from 'js-yaml'
import {describe, expect, it} from 'vitest'
import {model, runtime, SHAPE_70B} from '../../catalog/objects.ts'
import {openCatalog} from '../../catalog/open-catalog.ts'
import {kubeconfig, openLab} from './lab.ts'

const fixtures = process.env.OMNI_TEST_FIXTURES

describe.skipIf(kubeconfig === undefined)('the catalogue of a real cluster with the CRDs of OME', () => {
  it('creates, lists, gets and removes models', async () => {
    await using here = await openLab()
    const name = `pine-${here.id}`
    const spec = {
      name,
      source: 'hf://forest/Pine-70B',
      size: '70.55B',
      labels: {'omni-test': here.id},
      vendor: 'forest',
    }
    await here.catalog.models.create(spec)

    expect(await here.catalog.models.get(name)).toMatchObject({
      ...spec,
      status: 'unknown',
      path: `/raid/models/forest/${name}`,
    })
    expect((await here.catalog.models.list({labels: {'omni-test': here.id}})).map((one) => one.name)).toEqual([name])
    await expect(here.catalog.models.create(spec)).rejects.toMatchObject({code: 'CONFLICT'})
    await here.catalog.models.remove(name)
    expect(await here.catalog.models.get(name)).toBeUndefined()
  })

  it('suggests a runtime, with the defaults that the server has filled in', async () => {
    await using here = await openLab()
    const names = [
      await here.put(runtime('a-small', 60)),
      await here.put(runtime('b-sized', 64, {modelSizeRange: {min: '60B', max: '75B'}})),
    ]
    const pine = await here.put(model('pine-suggest', {modelConfiguration: SHAPE_70B}))
    const answer = await here.catalog.selection?.suggest(pine)
    const own = answer?.candidates.filter(({runtime: one}) => names.includes(one.name))

    expect(own?.map(({runtime: one, score}) => [one.name, score])).toEqual(names.map((name) => [name, 2]))
    expect(own?.[0]?.fit).toMatchObject({
      verdict: 'no',
      reason: expect.stringContaining('needs 60 devices on one node'),
    })
  })

  it('a user who may do nothing is told so', async () => {
    await using viewer = await openCatalog({kubeconfig: kubeconfig ?? '', cluster: 'omni-test-viewer'})

    await expect(viewer.catalog.models.list()).rejects.toMatchObject({code: 'FORBIDDEN'})
    await expect(viewer.catalog.selection?.suggest('pine')).rejects.toMatchObject({code: 'FORBIDDEN'})
  })

  it.skipIf(fixtures === undefined)("OME's own samples are read (OMNI_TEST_FIXTURES)", async () => {
    await using here = await openLab()
    const samples = (folder: string) => {
      const path = join(fixtures ?? '', 'ome-samples', folder)
      return readdirSync(path).map((file) => load(readFileSync(join(path, file), 'utf8')) as ApiObject)
    }
    const models = await Promise.all(samples('models').map((object) => here.put(object)))
    const runtimes = await Promise.all(samples('runtimes').map((object) => here.put(object)))
    const [allModels, allRuntimes] = await Promise.all([here.catalog.models.list(), here.catalog.runtimes.list()])
    const found = allRuntimes.filter(({name}) => runtimes.includes(name))

    expect(allModels.filter(({name}) => models.includes(name))).toHaveLength(12)
    expect(found).toHaveLength(12)
    for (const one of found) {
      expect(one.engine, one.name).toMatch(/vllm|sglang/)
      expect(one.gpus, one.name).toBeGreaterThan(0)
    }
    expect(found.find(({name}) => name === `vllm-llama-3-3-70b-instruct-${here.id}`)).toMatchObject({
      ...{gpus: 4, tensorParallel: 4, servedModelName: 'vllm-model', memoryBytes: 100 * 1024 ** 3},
    })
  })
})
