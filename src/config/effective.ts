import {redact} from '@omni-cli/sdk'
import {type ConfigEditor, configTools, DEFAULT_CONTEXT, type OmniConfig, omniHome} from '@omni-cli/sdk/cli'

/** One value in force and what put it there. */
export interface EffectiveSetting {
  readonly key: string
  readonly value: unknown
  /** `flag --context`, `env OMNI_OUTPUT`, `/home/me/.ome/config.yaml:7`, `default`. */
  readonly origin: string
}

export interface EffectiveSources {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly configFile: string
  readonly config: OmniConfig
  readonly text: string
  /** Name of the context in force. */
  readonly context: string
  readonly flags: {readonly context?: string | undefined; readonly output?: string | undefined}
}

const PREFERENCE_DEFAULTS: Readonly<Record<string, unknown>> = {
  'auto-select-runtime': true,
  'auto-scaling': false,
  'monitoring-enabled': false,
  'output-format': 'table',
}

/** Everything in force: flag, then environment, then context, then preferences, then default. */
export async function effectiveSettings(sources: EffectiveSources): Promise<EffectiveSetting[]> {
  const {openConfigText} = await configTools()
  const editor = openConfigText(sources.text)
  const place = (...path: (string | number)[]) => `${sources.configFile}:${editor.line(path) ?? 1}`
  return [
    homeSetting(sources),
    contextSetting(sources, place),
    outputSetting(sources, place),
    ...contextSettings(sources, editor, place),
    ...preferenceSettings(sources, place),
    ...sources.config.plugins.map(({name, enabled}, index) => ({
      key: `plugins.${name}.enabled`,
      value: enabled,
      origin: place('plugins', index),
    })),
    ...Object.entries(sources.config.aliases).map(([name, value]) => ({
      key: `aliases.${name}`,
      value,
      origin: place('aliases', name),
    })),
  ]
}

type Place = (...path: (string | number)[]) => string

const homeSetting = ({env}: EffectiveSources): EffectiveSetting => ({
  key: 'home',
  value: omniHome(env),
  origin: env.OMNI_HOME ? 'env OMNI_HOME' : 'default',
})

function contextSetting({flags, env, config, context}: EffectiveSources, place: Place): EffectiveSetting {
  const setting = (origin: string) => ({key: 'context', value: context, origin})
  // oclif fills the flag from the variable, so the variable is looked at when both say the same.
  if (env.OMNI_CONTEXT && flags.context === env.OMNI_CONTEXT) return setting('env OMNI_CONTEXT')
  if (flags.context !== undefined) return setting('flag --context')
  if (config['current-context'] !== undefined) return setting(place('current-context'))
  return setting(config.contexts.length === 1 ? place('contexts', 0) : 'default')
}

function outputSetting({flags, env, config}: EffectiveSources, place: Place): EffectiveSetting {
  const setting = (value: unknown, origin: string) => ({key: 'output', value, origin})
  if (flags.output !== undefined) return setting(flags.output, 'flag --output')
  if (env.OMNI_OUTPUT) return setting(env.OMNI_OUTPUT, 'env OMNI_OUTPUT')
  const preferred = config.preferences['output-format']
  return preferred === undefined
    ? setting(PREFERENCE_DEFAULTS['output-format'], 'default')
    : setting(preferred, place('preferences', 'output-format'))
}

function contextSettings(
  {config, context, env}: EffectiveSources,
  editor: ConfigEditor,
  place: Place,
): EffectiveSetting[] {
  const index = config.contexts.findIndex(({name}) => name === context)
  const {name: _, ...settings} = redact(config.contexts[index] ?? DEFAULT_CONTEXT)
  const variables: Readonly<Record<string, string | undefined>> = {namespace: env.OMNI_NAMESPACE}
  const rows = Object.keys({...settings, ...(env.OMNI_NAMESPACE ? {namespace: ''} : {})}).flatMap((key) => {
    const fromEnv = variables[key]
    if (fromEnv) return [{key, value: fromEnv, origin: `env OMNI_${key.toUpperCase()}`}]
    return leaves(settings[key], [key]).map(({path, value}) => ({
      key: path.join('.'),
      value,
      origin:
        editor.line(['contexts', index, ...path]) === undefined
          ? place('contexts', index)
          : place('contexts', index, ...path),
    }))
  })
  return env.OMNI_PROVIDER ? [{key: 'provider', value: env.OMNI_PROVIDER, origin: 'env OMNI_PROVIDER'}, ...rows] : rows
}

function preferenceSettings({config}: EffectiveSources, place: Place): EffectiveSetting[] {
  return ['default-runtime', ...Object.keys(PREFERENCE_DEFAULTS)].map((key) => {
    const value = Reflect.get(config.preferences, key)
    const name = `preferences.${key}`
    return value === undefined
      ? {key: name, value: PREFERENCE_DEFAULTS[key], origin: 'default'}
      : {key: name, value, origin: place('preferences', key)}
  })
}

/** Maps are opened; a list or a reference to a secret is one value. */
function leaves(
  value: unknown,
  path: readonly string[],
): {readonly path: readonly string[]; readonly value: unknown}[] {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value) && !('env' in value)
  if (!isMap) return [{path, value}]
  return Object.entries(value).flatMap(([key, item]) => leaves(item, [...path, key]))
}
