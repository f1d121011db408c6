import {randomBytes} from 'node:crypto'
import type {ApiObject, ModelCatalog} from '@omni-cli/sdk'
import {openCatalog} from '../../catalog/open-catalog.ts'

export const kubeconfig = process.env.OMNI_TEST_KUBECONFIG

/** The catalogue of the real cluster; what was put there is taken away at the end. */
export interface Lab extends AsyncDisposable {
  readonly id: string
  readonly catalog: ModelCatalog
  /** Creates an object with a name of its own, and tells the name. */
  put(object: ApiObject): Promise<string>
  /** Takes this one away, too. */
  owns(kind: string, name: string): void
}

export async function openLab(): Promise<Lab> {
  const id = randomBytes(3).toString('hex')
  const made: {readonly kind: string; readonly name: string}[] = []
  const open = await openCatalog({kubeconfig: kubeconfig ?? '', cluster: 'omni-test'})
  const {client, catalog} = open
  const kindOf = async (word: string) => {
    const kind = await client.findKind(`${word}.ome.io`)
    if (kind === undefined) throw new Error(`${word} is not served`)
    return kind
  }
  return {
    ...{id, catalog},
    async put(object) {
      const name = `${object.metadata.name}-${id}`
      await client.create(await kindOf(object.kind), {...object, metadata: {...object.metadata, name}})
      made.push({kind: object.kind, name})
      return name
    },
    owns: (kind, name) => void made.push({kind, name}),
    async [Symbol.asyncDispose]() {
      for (const {kind, name} of made) await client.remove({kind: await kindOf(kind), name})
      await open[Symbol.asyncDispose]()
    },
  }
}
