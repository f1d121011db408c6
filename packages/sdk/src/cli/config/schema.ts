import {z} from 'zod'
import {durationMs} from '../../specs/fields.ts'
import {OUTPUT_FORMATS} from '../view.ts'

const text = z.string().min(1, 'is empty').max(4096)

const contextName = text
  .max(253)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@:/-]*$/, 'has characters that a context name cannot have')

export const CONTEXT_KEYS = ['name', 'cluster', 'namespace', 'protected', 'providers', 'failover'] as const

/** Every other key of a context is the id of a provider, or of a plugin's list, and holds its settings. */
const context = z
  .object({
    name: contextName.describe('how `--context` calls it'),
    cluster: text.optional().describe('a context of the kubeconfig: services and models through the kubernetes plugin'),
    namespace: text.optional().describe('namespace that commands use when none is given'),
    protected: z.boolean().optional().describe('true: commands may look, and nothing may be changed'),
    providers: z
      .record(z.string(), text)
      .optional()
      .describe('which driver answers for a kind: {instances: incus, services: orca}'),
    failover: z
      .strictObject({
        to: text.describe('driver of machines that takes over'),
        after: durationMs.default(60_000).describe('how long the first one must not answer; default 60s'),
      })
      .optional()
      .describe(
        'machines of plans that hold no data may be made anew elsewhere, when asked to: {to: multipass, after: 60s}',
      ),
  })
  .catchall(z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())], {error: 'unknown key'}))

const preferences = z.strictObject({
  'default-runtime': text.optional().describe('runtime of an inference service that names none'),
  'auto-select-runtime': z.boolean().optional().describe('choose a runtime that fits the model'),
  'auto-scaling': z.boolean().optional().describe('new inference services scale by themselves'),
  'monitoring-enabled': z.boolean().optional().describe('new services are monitored'),
  'output-format': z.enum(OUTPUT_FORMATS).optional().describe('output format when -o is not given'),
})

const plugin = z.strictObject({
  name: text.describe('name of the package, or its last part'),
  enabled: z.boolean().default(true).describe('false: what it contributes is not used'),
})

const aliasName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'an alias has letters, digits, "-" and "_"')

/** `~/.ome/config.yaml`. */
export const configSchema = z.strictObject({
  'current-context': text.optional().describe('context in force when none is given'),
  contexts: z.array(context).default([]).describe('places to work with'),
  preferences: preferences.default({}).describe('defaults of commands'),
  plugins: z.array(plugin).default([]).describe('plugins that are turned on or off'),
  aliases: z
    .record(aliasName, z.union([text, z.array(z.string()).min(1)]))
    .default({})
    .describe('words of your own: {d: deploy}'),
})

/** The context that needs no entry: everything on this machine. */
export const DEFAULT_CONTEXT_NAME = 'default'
