import * as z from 'zod/mini'

/** Settings of this provider: what stands under `huggingface` in a context. */
export const huggingfaceSettings = z.strictObject({
  endpoint: z
    .optional(z.string().check(z.regex(/^https?:\/\//, 'is no http:// or https:// address')))
    .check(z.describe('address of the hub; default: $HF_ENDPOINT, else https://huggingface.co')),
  token: z
    .optional(
      z.strictObject({
        env: z.optional(z.string().check(z.minLength(1))),
        file: z.optional(z.string().check(z.minLength(1))),
      }),
    )
    .check(
      z.describe('where the token stands; default: $HF_TOKEN, else $HF_TOKEN_PATH, else ~/.cache/huggingface/token'),
    ),
})

export type HuggingfaceSettings = z.output<typeof huggingfaceSettings>
