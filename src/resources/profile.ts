import {type ProfileState, redact, requireFacet} from '@omni-cli/sdk'
import type {TextLine} from '@omni-cli/sdk/cli'
import {factLines, labelText, planOf} from './cells.ts'
import {defineKind} from './kind.ts'
import {maskSettings} from './mask-settings.ts'

/** Named sets of settings that machines use. */
export const profileKind = defineKind<ProfileState, 'instance'>({
  kind: 'profile',
  plural: 'profiles',
  short: [],
  contract: 'instance',
  needsKind: true,
  columns: [
    {header: 'NAME', value: ({name}) => name},
    {header: 'DESCRIPTION', value: ({description}) => description},
    {header: 'USED BY', value: ({usedBy}) => usedBy.length, align: 'right'},
    {header: 'DEVICES', value: ({devices}) => Object.keys(devices ?? {}).join(', '), wide: true},
    {header: 'PLAN', value: ({labels}) => planOf(labels), wide: true},
    {header: 'LABELS', value: ({labels}) => labelText(labels), wide: true},
  ],
  list: async (provider, options) => requireFacet(provider, 'profiles').list(options),
  get: async (provider, name, options) => requireFacet(provider, 'profiles').get(name, options),
  remove: async (provider, name, options) => requireFacet(provider, 'profiles').remove(name, options),
  labelsOf: ({labels}) => labels,
  withoutSecrets: ({config, devices, ...profile}) => ({
    ...profile,
    ...(config === undefined ? {} : {config: maskSettings(config)}),
    ...(devices === undefined ? {} : {devices: redact(devices)}),
  }),
  lines: ({name, description, usedBy, labels, config, devices}) => [
    ...factLines({name, description, 'used by': usedBy.join(', '), plan: planOf(labels), labels: labelText(labels)}),
    ...settings('config', config),
    ...Object.entries(devices ?? {}).flatMap(([device, values]) => settings(`device ${device}`, values)),
  ],
})

/** Values under telling names and credentials in URLs are masked. */
function settings(title: string, values: Readonly<Record<string, string>> = {}): TextLine[] {
  const lines = Object.entries(maskSettings(values)).map(([key, value]): TextLine => `  ${key}=${value}`)
  return lines.length === 0 ? [] : [[[title, 'dim']], ...lines]
}
