import {readFile} from 'node:fs/promises'
import type {ServerAccess} from '../transport.ts'

type Environment = Readonly<Record<string, string | undefined>>

const FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Name that stands for it where a context of a kubeconfig is told. */
export const IN_CLUSTER = 'in-cluster'

export interface InCluster {
  readonly server: string
  readonly ca: string
  readonly tokenFile: string
  readonly namespace: string
}

/** What a pod finds of the cluster that it runs in; undefined elsewhere. */
export async function readInCluster(env: Environment, folder: string = FOLDER): Promise<InCluster | undefined> {
  const {KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port} = env
  if (!host || !port) return undefined
  const read = (name: string) => readFile(`${folder}/${name}`, 'utf8').catch(() => undefined)
  const [token, ca, namespace] = await Promise.all([read('token'), read('ca.crt'), read('namespace')])
  if (token === undefined || ca === undefined) return undefined
  const server: ServerAccess['server'] = `https://${host.includes(':') ? `[${host}]` : host}:${port}`
  return {server, ca, tokenFile: `${folder}/token`, namespace: namespace?.trim() || 'default'}
}
