import * as z from 'zod/mini'

/** Settings of this provider: what stands under `incus` in a context. All may be left out: then the socket of this machine is used. */
export const incusSettings = z.strictObject({
  url: z
    .optional(z.string().check(z.regex(/^(https:\/\/|unix:\/)/, 'is no https:// or unix:/ address')))
    .check(z.describe('https://host:8443 or unix:/path/unix.socket; default: the socket of this machine')),
  remote: z
    .optional(z.string().check(z.minLength(1)))
    .check(z.describe("a remote of the incus program's own configuration, with its certificate")),
  project: z
    .optional(z.string().check(z.minLength(1)))
    .check(z.describe('project whose machines are meant; default: default')),
  pool: z
    .optional(z.string().check(z.minLength(1)))
    .check(z.describe('storage pool of new machines; default: that of their profiles')),
  fingerprint: z
    .optional(z.string().check(z.regex(/^[0-9a-f]{64}$/i, 'is no SHA-256 fingerprint')))
    .check(z.describe("SHA-256 of the server's certificate; default: the one that is remembered")),
  trust: z
    .optional(
      z.strictObject({
        env: z.optional(z.string().check(z.minLength(1))),
        file: z.optional(z.string().check(z.minLength(1))),
      }),
    )
    .check(z.describe('where the trust token for the first connection stands')),
  images: z
    .optional(z.record(z.string(), z.string()))
    .check(z.describe('names of images in plans → images of Incus, e.g. ubuntu:22.04: local:jammy')),
})

export type IncusSettings = z.output<typeof incusSettings>
