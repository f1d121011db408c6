import {type CallOptions, formatBytes, type ImageInfo, type InstanceProvider, requireFacet} from '@omni-cli/sdk'
import {factLines} from './cells.ts'
import {defineKind} from './kind.ts'

/** What machines can be made of. */
export const imageKind = defineKind<ImageInfo, 'instance'>({
  kind: 'image',
  plural: 'images',
  short: ['img'],
  contract: 'instance',
  needsKind: true,
  columns: [
    {header: 'NAME', value: ({name}) => name},
    {header: 'TYPE', value: ({type}) => type},
    {header: 'SIZE', value: ({sizeBytes}) => size(sizeBytes), align: 'right'},
    {header: 'SOURCE', value: ({source}) => source},
    {header: 'ARCHITECTURE', value: ({architecture}) => architecture, wide: true},
    {header: 'DESCRIPTION', value: ({description}) => description, wide: true},
    {header: 'FINGERPRINT', value: ({fingerprint}) => fingerprint?.slice(0, 12), wide: true},
  ],
  list: listImages,
  get: async (provider, name, options) =>
    (await listImages(provider, options)).find((image) => image.name === name || image.fingerprint === name),
  lines: (image) =>
    factLines({
      name: image.name,
      description: image.description,
      type: image.type,
      architecture: image.architecture,
      size: size(image.sizeBytes),
      source: image.source,
      fingerprint: image.fingerprint,
    }),
})

async function listImages(provider: InstanceProvider, options: CallOptions): Promise<ImageInfo[]> {
  return requireFacet(provider, 'images').list(options)
}

const size = (bytes: number | undefined) => (bytes === undefined ? undefined : formatBytes(bytes))
