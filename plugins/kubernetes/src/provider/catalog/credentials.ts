import type {CredentialFacet} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {fieldsAt} from '../../fields.ts'
import {SECRET} from './kinds.ts'

/** Secrets that the agents of OME read: key `token`, in the operator's namespace, or in that of the model. */
export const createCredentials = (client: KubeClient): CredentialFacet => ({
  async has(name, {namespace = client.omeNamespace, ...call} = {}) {
    const secret = await client.get({kind: SECRET, namespace, name}, call)
    return secret !== undefined && Object.hasOwn(fieldsAt(secret, 'data'), 'token')
  },
  async put(name, token, {namespace = client.omeNamespace, ...call} = {}) {
    const data = {token: Buffer.from(token, 'utf8').toString('base64')}
    const secret = {apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: {name, namespace}, data}
    await client.apply(SECRET, secret, {...call, force: true})
  },
})
