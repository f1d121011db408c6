import {z} from 'zod'

/** Settings of this provider: what stands under its id in a context. */
export const settings = z.strictObject({
  folder: z.string().min(1).optional().describe('where the records are kept; default: the folder of omni'),
})

export type Settings = z.output<typeof settings>
