import {nameProblem} from '@omni-cli/sdk'
import {z} from 'zod'

/** Bodies that the routes of this folder take; the description of the API is made from the same. */

const project = z.string().refine((name) => nameProblem(name) === undefined, 'it is no name of a project')

export const tokenRequest = z.object({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/, 'letters, digits and "._@-", at most 63')
    .refine(
      (name) => !['owner', 'github', 'canary'].includes(name),
      'this name stands for somebody else in releases and events',
    ),
  role: z.enum(['admin', 'deployer', 'viewer']),
  expiresAt: z.iso.datetime({offset: true}).nullish().describe('RFC 3339'),
  projects: z.array(project).min(1).nullish().describe('the only projects that it reaches; default: all'),
})

export const webhookRequest = z.object({
  repo: z
    .string()
    .regex(/^[^/\s]+\/[^/\s]+$/, 'expected "org/name"')
    .describe('org/name'),
  service_name: z.string().min(1),
  branch: z.string().min(1).nullish().describe('name or pattern; default: main, with a tag none'),
  tag: z.string().min(1).nullish().describe('name or pattern of tags that count as well: v*'),
  paths: z.array(z.string().min(1)).max(100).nullish().describe('only pushes that change such a file: src/**'),
  secret: z.string().nullish().describe('shared with the forge; pushes are signed with it'),
  infra: z.boolean().nullish(),
})

const u64 = z.string().regex(/^\d{1,20}$/, 'expected a u64')

/** Node ids have 64 bits: they are read as digits, see `readJsonWithNodeIds`. */
export const registerRequest = z.object({
  node_id: u64,
  address: z.string().min(1).max(255),
  labels: z.record(z.string(), z.string()).nullish(),
})

export const heartbeatRequest = z.object({
  node_id: u64,
  workloads: z.array(z.object({service_name: z.string(), status: z.string()})).nullish(),
})
