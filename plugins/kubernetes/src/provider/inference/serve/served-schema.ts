import {type CallOptions, type ObjectKind, OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../../client/kube-client.ts'
import {at, listAt, textAt} from '../../../fields.ts'

const DEFINITIONS: ObjectKind = {
  ...{group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition', namespaced: false},
  ...{plural: 'customresourcedefinitions', singular: 'customresourcedefinition', short: ['crd'], verbs: []},
}

/** The schema of a kind as this cluster serves it. UNSUPPORTED when there is none. */
export async function servedSchema(client: KubeClient, kind: ObjectKind, {signal}: CallOptions): Promise<unknown> {
  const name = `${kind.plural}.${kind.group}`
  const definition = await client.get({kind: DEFINITIONS, name}, {signal})
  const version = listAt(definition, 'spec', 'versions').find((one) => textAt(one, 'name') === kind.version)
  const schema = at(version, 'schema', 'openAPIV3Schema')
  if (schema !== undefined) return schema
  throw new OmniError('UNSUPPORTED', `the cluster '${client.context}' tells no schema of ${name}`, {
    hint: 'omni cluster health',
  })
}
