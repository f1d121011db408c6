import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {createHttp, type DriverContext, type ModelCatalog, silentLogger} from '@omni-cli/sdk'
import type {KubeClient} from '../../src/client/kube-client.ts'
import {openClient} from '../../src/client/open-client.ts'
import type {KubernetesSettings} from '../../src/config.ts'
import {createCatalog} from '../../src/provider/catalog/index.ts'

export interface OpenCatalog extends AsyncDisposable {
  readonly client: KubeClient
  readonly catalog: ModelCatalog
}

export interface CatalogPlace {
  readonly kubeconfig: string
  readonly cluster: string
  readonly namespace?: string
  readonly isProtected?: boolean
  readonly settings?: KubernetesSettings
}

/** The catalogue of a cluster, with a home of its own. */
export async function openCatalog({
  kubeconfig,
  cluster,
  namespace = 'default',
  ...more
}: CatalogPlace): Promise<OpenCatalog> {
  const home = await mkdtemp(join(tmpdir(), 'omni-catalog-'))
  const context: DriverContext = {
    ...{home, env: process.env, context: 'lab', namespace, cluster, log: silentLogger, isProtected: more.isProtected},
    ...{notice: () => undefined, http: createHttp({log: silentLogger})},
    exec: () => Promise.reject(new Error('nothing is executed here')),
  }
  const settings = {kubeconfig, ...more.settings}
  const client = await openClient(context, settings)
  return {
    client,
    catalog: createCatalog(client, {context, settings}),
    [Symbol.asyncDispose]: () => rm(home, {recursive: true, force: true, maxRetries: 5}),
  }
}
