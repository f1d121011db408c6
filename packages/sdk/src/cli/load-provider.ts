import {createRequire} from 'node:module'
import {pathToFileURL} from 'node:url'
import type {ProviderDefinition} from '../contracts/driver.ts'
import {messageOf, OmniError} from '../errors.ts'
import type {Contribution} from './session.ts'

/** Imports the module of a provider. PLUGIN_INVALID, naming the plugin, when it throws or exports something else. */
export async function loadProvider(contribution: Contribution): Promise<ProviderDefinition> {
  const module: unknown = await load(contribution.module).catch((error: unknown) => {
    throw invalid(contribution, `cannot be loaded: ${messageOf(error)}`, error)
  })
  const definition: unknown = typeof module === 'object' && module !== null ? Reflect.get(module, 'default') : undefined
  if (!isDefinition(definition)) throw invalid(contribution, 'its module has no provider definition as default export')
  if (definition.kind !== contribution.kind || definition.id !== contribution.id) {
    const has = `${definition.kind} '${definition.id}'`
    throw invalid(
      contribution,
      `its package.json declares ${contribution.kind} '${contribution.id}', its module is ${has}`,
    )
  }
  return definition
}

/** Bundles are CommonJS, which `import` would first search for its exports; what they export is the default there, too. */
async function load(file: string): Promise<unknown> {
  return file.endsWith('.cjs') ? {default: createRequire(file)(file)} : import(pathToFileURL(file).href)
}

const invalid = ({plugin, id}: Contribution, reason: string, cause?: unknown): OmniError =>
  new OmniError('PLUGIN_INVALID', `plugin '${plugin}': provider '${id}' ${reason}`, {hint: 'omni doctor', cause})

/** By shape: the plugin may have its own copy of this package. */
function isDefinition(value: unknown): value is ProviderDefinition {
  if (typeof value !== 'object' || value === null) return false
  const {kind, id, create, settings} = value as Partial<ProviderDefinition>
  const hasSettings = typeof settings === 'object' && settings !== null && typeof settings.safeParse === 'function'
  return typeof kind === 'string' && typeof id === 'string' && typeof create === 'function' && hasSettings
}
