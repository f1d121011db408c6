import type {Context, OmniConfig} from '@omni-cli/sdk/cli'
import {chooseContext, configTools, DEFAULT_CONTEXT, unknownContext} from '@omni-cli/sdk/cli'

/** All contexts; the default one when none is written down. */
export const allContexts = (config: OmniConfig): readonly Context[] =>
  config.contexts.length === 0 ? [DEFAULT_CONTEXT] : config.contexts

/** The named context. NOT_FOUND with the nearest name. */
export const contextNamed = (config: OmniConfig, name: string): Context => chooseContext(config, name)

/** Makes a context the current one. NOT_FOUND when there is none of that name. */
export async function switchContext(home: string, name: string): Promise<void> {
  const {editConfig} = await configTools()
  await editConfig(home, (editor) => {
    const known = editor.get(['contexts'])
    const contexts: Context[] = Array.isArray(known) ? known : []
    const isKnown = name === DEFAULT_CONTEXT.name || contexts.some((context) => context.name === name)
    if (!isKnown) throw unknownContext({contexts, preferences: {}, plugins: [], aliases: {}}, name)
    editor.set(['current-context'], name)
  })
}

/** Drivers of a context in one line: `instances=incus services=orca`. */
export const driversText = ({providers}: Context): string =>
  Object.entries(providers ?? {})
    .map(([kind, id]) => `${kind}=${id}`)
    .join(' ')
