import type {ResolvedModel} from '@omni-cli/sdk'
import type {WireModel} from '../client/wire.ts'
import {sizeText} from '../reading/size-text.ts'

/** What the hub tells of a model without any of its files being read. */
export function modelOf(model: WireModel, {endpoint}: {readonly endpoint: string}): ResolvedModel {
  const parameters = model.safetensors?.total ?? undefined
  const access = accessOf(model)
  return {
    ref: `hf://${model.id}`,
    revision: model.sha ?? '',
    pinned: model.sha ? `hf://${model.id}@${model.sha}` : undefined,
    modelType: stringOf(model.config?.model_type),
    architecture: Array.isArray(model.config?.architectures) ? stringOf(model.config.architectures[0]) : undefined,
    parameters,
    size: parameters === undefined || parameters === 0 ? undefined : sizeText(parameters),
    vendor: vendorOf(model.id),
    license: licenseOf(model),
    access,
    terms: access === 'gated' ? `${endpoint}/${model.id}` : undefined,
    downloads: model.downloads ?? undefined,
    likes: model.likes ?? undefined,
    updatedAt: model.lastModified ?? undefined,
    tags: model.tags ?? undefined,
  }
}

function accessOf(model: WireModel): NonNullable<ResolvedModel['access']> {
  if (model.private === true) return 'private'
  return model.gated === true || typeof model.gated === 'string' ? 'gated' : 'open'
}

/** Vendors whose name on the hub is not the one that models are known by. */
const VENDORS: Readonly<Record<string, string>> = {'meta-llama': 'meta'}

function vendorOf(id: string): string | undefined {
  const [owner, name] = id.split('/')
  if (owner === undefined || name === undefined) return undefined
  return Object.hasOwn(VENDORS, owner) ? VENDORS[owner] : owner
}

function licenseOf({cardData, tags}: WireModel): string | undefined {
  const told = cardData?.license_name ?? cardData?.license
  if (typeof told === 'string' && told !== '') return told
  if (Array.isArray(told)) return told.filter((one) => typeof one === 'string').join(', ') || undefined
  return tags?.find((tag) => tag.startsWith('license:'))?.slice('license:'.length)
}

const stringOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
