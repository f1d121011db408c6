import {callKube, type KubeAccess, type KubeReply, watchKube} from '../kube-http.ts'
import type {KubeObject} from '../objects.ts'

/** What the simulator does on an API server. Answers that are not as hoped for are thrown, but for 404 where something may be gone. */
export interface Cluster {
  get(path: string): Promise<KubeObject | undefined>
  list(path: string): Promise<KubeObject[]>
  /** Makes it unless it is there. */
  create(path: string, object: KubeObject): Promise<void>
  apply(path: string, object: KubeObject): Promise<void>
  /** A merge patch; one of something that is gone does nothing. */
  patch(path: string, patch: object): Promise<void>
  remove(path: string): Promise<void>
  /** Names what changes, and first what there is, until the signal. */
  watch(path: string, signal: AbortSignal, told: (object: KubeObject) => void): Promise<void>
}

export function openCluster(access: KubeAccess): Cluster {
  const call = async (
    method: string,
    path: string,
    options: {body?: object; type?: string} = {},
    fine: number[] = [],
  ) => {
    const reply = await callKube(access, method, path, options)
    if (reply.code < 400 || fine.includes(reply.code)) return reply
    throw new Error(`${method} ${path}: ${saidBy(reply)}`)
  }
  return {
    async get(path) {
      const {code, body} = await call('GET', path, {}, [404])
      return code === 404 ? undefined : body
    },
    list: async (path) => (await call('GET', path, {}, [404])).body.items ?? [],
    create: async (path, body) => void (await call('POST', path, {body}, [409])),
    apply: async (path, body) =>
      void (await call('PATCH', `${path}?fieldManager=ome-simulator&force=true`, {
        body,
        type: 'application/apply-patch+yaml',
      })),
    patch: async (path, body) => void (await call('PATCH', path, {body, type: 'application/merge-patch+json'}, [404])),
    remove: async (path) => void (await call('DELETE', path, {}, [404])),
    watch: (path, signal, told) => watchForever(access, path, signal, told),
  }
}

const saidBy = ({code, body}: KubeReply): string => `${code} ${body.message ?? body}`

async function watchForever(
  access: KubeAccess,
  path: string,
  signal: AbortSignal,
  told: (object: KubeObject) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const {type, object} of watchKube(access, `${path}?watch=1`, signal)) {
        if (type !== 'BOOKMARK' && type !== 'ERROR') told(object)
      }
    } catch {
      // The server is away, or the kind is not served yet.
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
