import {z} from 'zod'

/** Settings of this provider: what stands under `incus` in a context. All may be left out: then the socket of this machine is used. */
export const incusSettings = z.strictObject({
  url: z
    .string()
    .regex(/^(https:\/\/|unix:\/)/, 'is no https:// or unix:/ address')
    .optional()
    .describe('https://host:8443 or unix:/path/unix.socket; default: the socket of this machine'),
  remote: z
    .string()
    .min(1)
    .optional()
    .describe("a remote of the incus program's own configuration, with its certificate"),
  project: z.string().min(1).optional().describe('project whose machines are meant; default: default'),
  pool: z.string().min(1).optional().describe('storage pool of new machines; default: that of their profiles'),
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'is no SHA-256 fingerprint')
    .optional()
    .describe("SHA-256 of the server's certificate; default: the one that is remembered"),
  trust: z
    .strictObject({env: z.string().min(1).optional(), file: z.string().min(1).optional()})
    .optional()
    .describe('where the trust token for the first connection stands'),
  images: z
    .record(z.string(), z.string())
    .optional()
    .describe('names of images in plans → images of Incus, e.g. ubuntu:22.04: local:jammy'),
})

export type IncusSettings = z.output<typeof incusSettings>
