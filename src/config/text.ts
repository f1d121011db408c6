import {toYaml} from '@omni-cli/sdk/cli'

/** Lines for a person: a single value as it is, all else as YAML. */
export async function valueLines(value: unknown): Promise<string[]> {
  if (typeof value !== 'object' || value === null) return [String(value ?? '')]
  return (await toYaml(value)).trimEnd().split('\n')
}
