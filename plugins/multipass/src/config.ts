import {z} from 'zod'

/** Settings of this provider: what stands under `multipass` in a context. */
export const multipassSettings = z.strictObject({
  program: z.string().min(1).optional().describe('the program multipass; default: the one in PATH'),
  images: z
    .record(z.string(), z.string())
    .optional()
    .describe('names of images in plans → images of Multipass, e.g. ubuntu:22.04: jammy'),
})

export type MultipassSettings = z.output<typeof multipassSettings>
