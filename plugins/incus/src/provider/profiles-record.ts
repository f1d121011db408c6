import * as z from 'zod/mini'

/** Holds what Incus has no key for: what the last spec of a profile or a network said. */
export const WRITTEN_KEY = 'user.omni.label.written'

const writtenSchema = z.object({
  description: z._default(z.boolean(), false),
  /** Names of keys and of devices. */
  config: z._default(z.array(z.string()), []),
  devices: z._default(z.array(z.string()), []),
  /** Fields whose value was chosen for the user: `ipv4: auto`. */
  auto: z._default(z.array(z.enum(['ipv4', 'ipv6'])), []),
})

export type Written = z.output<typeof writtenSchema>

type Fields<Value> = Readonly<Record<string, Value>>

interface Spec {
  readonly description?: string | undefined
  readonly config?: Fields<string> | undefined
  readonly devices?: Fields<Fields<string>> | undefined
  readonly ipv4?: string | undefined
  readonly ipv6?: string | undefined
}

/** The setting that remembers what this spec says. */
export const writtenConfig = (spec: Spec): Record<string, string> => ({
  [WRITTEN_KEY]: JSON.stringify({
    description: spec.description !== undefined,
    config: Object.keys(spec.config ?? {}),
    devices: Object.keys(spec.devices ?? {}),
    auto: (['ipv4', 'ipv6'] as const).filter((family) => spec[family] === 'auto'),
  } satisfies Written),
})

/** Undefined when the thing was made by somebody else. */
export function readWritten(config: Fields<string>): Written | undefined {
  try {
    return writtenSchema.safeParse(JSON.parse(config[WRITTEN_KEY] ?? '')).data
  } catch {
    return undefined
  }
}

/** Only these names; all of them where nobody has written down which. */
export const only = <Value>(fields: Fields<Value>, names: readonly string[] | undefined): Record<string, Value> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => names?.includes(name) !== false))

/** All but these names. */
export const without = <Value>(fields: Fields<Value>, names: readonly string[]): Record<string, Value> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))
