import * as z from 'zod/mini'

const text = z.optional(z.nullable(z.string()))
const count = z.optional(z.nullable(z.number()))

/** A model as the hub lists it. Nothing but the name is certain. */
export const wireModel = z.object({
  id: z.string(),
  sha: text,
  author: text,
  private: z.optional(z.nullable(z.boolean())),
  disabled: z.optional(z.nullable(z.boolean())),
  gated: z.optional(z.nullable(z.union([z.boolean(), z.string()]))),
  downloads: count,
  likes: count,
  lastModified: text,
  pipeline_tag: text,
  library_name: text,
  tags: z.optional(z.nullable(z.array(z.string()))),
  cardData: z.optional(z.nullable(z.record(z.string(), z.unknown()))),
  config: z.optional(z.nullable(z.record(z.string(), z.unknown()))),
  safetensors: z.optional(z.nullable(z.object({total: count}))),
})

export type WireModel = z.output<typeof wireModel>

export const wireModels = z.array(wireModel)

export const wireTree = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number(),
    oid: z.string(),
    lfs: z.optional(z.nullable(z.object({oid: z.string(), size: z.number()}))),
  }),
)

export type WireEntry = z.output<typeof wireTree>[number]
