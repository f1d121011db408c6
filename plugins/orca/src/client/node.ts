import {type HttpAnswer, type HttpRequest, isOmniError, type NodeInfo, OmniError} from '@omni-cli/sdk'

export type Draining = 'drain' | 'undrain'

const request = (id: string, verb: Draining): HttpRequest => ({
  method: 'POST',
  path: `/api/v1/cluster/nodes/${encodeURIComponent(id)}/${verb}`,
})

/** Drains a node of any Orca-compatible server, or ends that; the node as it is then. NOT_FOUND for an unknown id. */
export async function setDraining(
  {id, verb}: {readonly id: string; readonly verb: Draining},
  send: (request: HttpRequest) => Promise<HttpAnswer>,
  list: () => Promise<readonly NodeInfo[]>,
): Promise<NodeInfo> {
  const unknown = () => new OmniError('NOT_FOUND', `there is no node '${id}'`, {hint: 'omni node list'})
  await send(request(id, verb)).catch((error: unknown) => {
    throw isOmniError(error) && error.code === 'NOT_FOUND' ? unknown() : error
  })
  const node = (await list()).find((one) => one.id === id)
  if (node === undefined) throw unknown()
  return node
}
