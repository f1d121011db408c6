import * as z from 'zod/mini'

/** Settings of this provider: what stands under `multipass` in a context. */
export const multipassSettings = z.strictObject({
  program: z
    .optional(z.string().check(z.minLength(1)))
    .check(z.describe('the program multipass; default: the one in PATH')),
  images: z
    .optional(z.record(z.string(), z.string()))
    .check(z.describe('names of images in plans → images of Multipass, e.g. ubuntu:22.04: jammy')),
})

export type MultipassSettings = z.output<typeof multipassSettings>
