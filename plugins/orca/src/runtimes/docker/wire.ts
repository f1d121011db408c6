import {OmniError} from '@omni-cli/sdk'
import {z} from 'zod'

/** Answers of the Engine, as far as they are read. Lists are `null` where others have `[]`. */

const labels = z.record(z.string(), z.string()).nullish()
const endpoint = z.object({
  IPAddress: z.string().nullish(),
  Aliases: z.array(z.string()).nullish(),
})
const networks = z.object({Networks: z.record(z.string(), endpoint).nullish()}).nullish()
const mount = z.object({
  Type: z.string(),
  Name: z.string().optional(),
  Source: z.string().optional(),
  Destination: z.string(),
  RW: z.boolean().optional(),
})

export const summarySchema = z.object({
  Id: z.string(),
  Names: z.array(z.string()).nullish(),
  ImageID: z.string().nullish(),
  Created: z.number(),
  State: z.string(),
  Labels: labels,
  HostConfig: z.object({NetworkMode: z.string().nullish()}).nullish(),
  NetworkSettings: networks,
  Ports: z
    .array(
      z.object({
        IP: z.string().optional(),
        PrivatePort: z.number(),
        PublicPort: z.number().optional(),
        Type: z.string(),
      }),
    )
    .nullish(),
})

export const containerSchema = z.object({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  LogPath: z.string().nullish(),
  State: z.object({
    Status: z.string(),
    Running: z.boolean(),
    Pid: z.number(),
    ExitCode: z.number(),
    OOMKilled: z.boolean().nullish(),
    StartedAt: z.string(),
    FinishedAt: z.string(),
  }),
  Config: z.object({
    Image: z.string().nullish(),
    Env: z.array(z.string()).nullish(),
    Cmd: z.array(z.string()).nullish(),
    Entrypoint: z.array(z.string()).nullish(),
    User: z.string().nullish(),
    WorkingDir: z.string().nullish(),
    ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
    Labels: labels,
  }),
  HostConfig: z.object({
    Memory: z.number().nullish(),
    NanoCpus: z.number().nullish(),
    NetworkMode: z.string().nullish(),
  }),
  Mounts: z.array(mount).nullish(),
  NetworkSettings: z
    .object({
      Networks: z.record(z.string(), endpoint).nullish(),
      Ports: z.record(z.string(), z.array(z.object({HostIp: z.string(), HostPort: z.string()})).nullish()).nullish(),
    })
    .nullish(),
})

export const imageSchema = z.object({
  Config: z
    .object({
      Env: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
      Entrypoint: z.array(z.string()).nullish(),
    })
    .nullish(),
})

export const volumeSchema = z.object({Name: z.string(), Labels: labels})
export const volumesSchema = z.object({Volumes: z.array(volumeSchema).nullish()})
export const networkSchema = z.object({Id: z.string(), Name: z.string(), Labels: labels})
export const createdSchema = z.object({Id: z.string()})

export const infoSchema = z.object({
  ServerVersion: z.string().nullish(),
  Architecture: z.string().nullish(),
  OperatingSystem: z.string().nullish(),
  SecurityOptions: z.array(z.string()).nullish(),
  SystemTime: z.string().nullish(),
})

export const eventSchema = z.object({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({ID: z.string(), Attributes: z.record(z.string(), z.string()).nullish()}),
  time: z.number(),
  timeNano: z.number().optional(),
})

export const statsSchema = z.object({
  cpu_stats: z.object({cpu_usage: z.object({total_usage: z.number()}).optional()}).optional(),
  memory_stats: z.object({usage: z.number().optional(), stats: z.record(z.string(), z.number()).nullish()}).nullish(),
})

export type Summary = z.output<typeof summarySchema>
export type Container = z.output<typeof containerSchema>
export type EngineEvent = z.output<typeof eventSchema>

/** UNAVAILABLE for an answer that no Engine gives. */
export function read<T>(schema: z.ZodType<T>, answer: unknown, what: string): T {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  throw new OmniError('UNAVAILABLE', `the Docker Engine's ${what} is not what one answers`, {cause: parsed.error})
}
