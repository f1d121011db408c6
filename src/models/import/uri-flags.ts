import * as Flags from '@oclif/core/flags'
import {flag} from '@omni-cli/sdk/cli'
import type {UriRequest} from './import-uri.ts'

/** Flags of the imports whose files nobody looks into. */
export const uriFlags = {
  name: Flags.string({summary: 'name of the model; default: from the address', helpValue: 'NAME'}),
  'display-name': Flags.string({summary: 'name for people', helpValue: 'TEXT'}),
  vendor: Flags.string({summary: 'vendor to write down', helpValue: 'NAME'}),
  architecture: Flags.string({
    summary: 'first of the architectures of config.json: LlamaForCausalLM',
    helpValue: 'NAME',
  }),
  'model-type': Flags.string({summary: 'model_type of config.json: llama', helpValue: 'NAME'}),
  size: Flags.string({summary: 'parameters: 8B, 70.55B', helpValue: 'SIZE'}),
  quantization: Flags.string({summary: 'fp8, int4, …'}),
  scope: Flags.option({
    options: ['cluster', 'namespace'] as const,
    summary: 'for all namespaces, or for one; default: cluster, and namespace with --namespace',
  })(),
  namespace: flag.namespace,
  'dry-run': flag.dryRun,
  yes: flag.yes,
}

/** The same, and what a storage over the network needs. */
export const storageFlags = {
  ...uriFlags,
  path: Flags.string({summary: 'folder on the nodes; default: /raid/models/VENDOR/NAME', helpValue: 'PATH'}),
  secret: Flags.string({summary: 'Secret with the credentials for the source', helpValue: 'NAME'}),
  force: Flags.boolean({summary: 'also what OME is not known to fetch'}),
}

interface UriFlags {
  readonly name?: string | undefined
  readonly 'display-name'?: string | undefined
  readonly vendor?: string | undefined
  readonly architecture?: string | undefined
  readonly 'model-type'?: string | undefined
  readonly size?: string | undefined
  readonly quantization?: string | undefined
  readonly path?: string | undefined
  readonly secret?: string | undefined
  readonly scope?: 'cluster' | 'namespace' | undefined
  readonly namespace?: string | undefined
  readonly force?: boolean | undefined
  readonly 'dry-run': boolean
}

/** What the flags ask for. */
export function uriRequest(
  scheme: string,
  address: string,
  flags: UriFlags,
): Omit<UriRequest, 'signal' | 'notice' | 'approve'> {
  const {name, vendor, architecture, size, quantization, path, secret, scope, namespace, force = false} = flags
  const {'display-name': displayName, 'model-type': modelType, 'dry-run': dryRun} = flags
  return {
    ...{scheme, address, scope, namespace, force, dryRun},
    wishes: {name, displayName, vendor, path, secret, architecture, modelType, size, quantization},
  }
}
