import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {createHttp, type DriverContext, type ObjectApi, silentLogger} from '@omni-cli/sdk'
import type {KubeClient} from '../../src/client/kube-client.ts'
import {openClient} from '../../src/client/open-client.ts'
import {createObjects} from '../../src/provider/objects/index.ts'

/** The driver of objects on some API server, with a home of its own. */
export interface ObjectsLab extends AsyncDisposable {
  readonly api: ObjectApi
  readonly client: KubeClient
}

export interface LabOptions {
  readonly kubeconfig: string
  readonly cluster: string
  readonly namespace: string
}

export async function openObjects({kubeconfig, cluster, namespace}: LabOptions): Promise<ObjectsLab> {
  const home = await mkdtemp(join(tmpdir(), 'omni-objects-'))
  const context: DriverContext = {
    ...{home, env: process.env, context: 'lab', namespace, cluster, log: silentLogger},
    ...{notice: () => undefined, http: createHttp({log: silentLogger})},
    exec: () => Promise.reject(new Error('nothing is executed here')),
  }
  const settings = {kubeconfig}
  const client = await openClient(context, settings)
  return {
    client,
    api: createObjects(client, {context, settings}),
    [Symbol.asyncDispose]: () => rm(home, {recursive: true, force: true, maxRetries: 5}),
  }
}
