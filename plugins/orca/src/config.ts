import * as z from 'zod/mini'

/** Settings of the provider `orca` in a context. Without a url: the engine of this user on this machine. */
export const orcaSettings = z.strictObject({
  url: z.optional(
    z
      .string()
      .check(z.regex(/^(https?:\/\/[^\s]+|unix:\/[^\s]+)$/, 'expected http://host:port, https://… or unix:/path')),
  ),
  token: z.optional(
    z.union([z.string().check(z.minLength(1)), z.strictObject({env: z.string().check(z.minLength(1))})]),
  ),
})

export type OrcaSettings = z.infer<typeof orcaSettings>
