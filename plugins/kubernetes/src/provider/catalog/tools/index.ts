import {type CallOptions, isOmniError, type ObjectKind, type RuntimeDraft, type RuntimeFacet} from '@omni-cli/sdk'
import {ServedSchemas} from '../../objects/problems/served-schemas.ts'
import type {DeviceSources} from '../accelerators.ts'
import {CLUSTER_SERVING_RUNTIME, requireServed, SERVING_RUNTIME} from '../kinds.ts'
import {runtimeOf} from '../runtime-map.ts'
import {baseOf, draftManifest} from './draft.ts'
import {testRuntime} from './test-runtime.ts'

function unlessForbidden(error: unknown): void {
  if (!isOmniError(error) || error.code !== 'FORBIDDEN') throw error
}

/** Making and testing of runtimes. `home`: folder of omni's own files, where schemas are kept. */
export function createRuntimeTools(sources: DeviceSources, home: string): RuntimeFacet {
  const {client} = sources
  const prepared = async (draft: RuntimeDraft, call: CallOptions) => {
    const wanted: ObjectKind = draft.namespace === undefined ? CLUSTER_SERVING_RUNTIME : SERVING_RUNTIME
    const kind = await requireServed(client, wanted, call)
    const [base, schemas] = await Promise.all([
      baseOf(client, draft, call),
      new ServedSchemas({client, home}, call).find(kind),
    ])
    return {kind, manifest: draftManifest(base, draft, {kind, schemas})}
  }
  return {
    async render(draft, call = {}) {
      const {kind, manifest} = await prepared(draft, call)
      // Who may not create it may still see what it would be.
      await client.create(kind, manifest, {...call, dryRun: true}).catch(unlessForbidden)
      return manifest
    },
    create: async (draft, {dryRun, ...call} = {}) => {
      const {kind, manifest} = await prepared(draft, call)
      return runtimeOf(await client.create(kind, manifest, {...call, dryRun}))
    },
    test: (name, call) => testRuntime(sources, home, name, call),
  }
}
