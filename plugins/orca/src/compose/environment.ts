import {resolve} from 'node:path'
import {isSecretKey} from '@omni-cli/sdk'
import {readEnv} from './load.ts'
import {get, type Node, type Place, pairsOf, textAt, textOf} from './node.ts'
import type {Notes} from './notes.ts'
import {type Variables, valueOfName} from './variables.ts'

export interface EnvironmentOptions {
  readonly folder: string
  readonly variables: Variables
  /** That the secrets would belong to. */
  readonly project: string
  readonly notes: Notes
}

/** `env_file`, then `environment`; a name without a value takes that of the surroundings. */
export async function environmentOf(service: Node, options: EnvironmentOptions): Promise<Record<string, string>> {
  const {folder, variables, project, notes} = options
  const found = new Map<string, {value: string; place: Place}>()
  for (const {path, isRequired, place} of filesOf(get(service, 'env_file'))) {
    const pairs = await readEnv(resolve(folder, path), variables, isRequired)
    for (const [key, value] of pairs) found.set(key, {value, place})
  }
  for (const {key, value = valueOfName(key, variables), place} of pairsOf(get(service, 'environment'))) {
    if (value === undefined) notes.add(place, `${key} is left out: it has no value here`)
    else found.set(key, {value, place})
  }
  const env: [string, string][] = []
  for (const [key, {value, place}] of found) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) {
      notes.add(place, `the variable '${key}' is left out: names have letters, digits and "_"`)
      continue
    }
    if (holdsSecret(key, value)) {
      notes.add(
        place,
        `${key} looks like a secret; keep it out of the file: omni secrets set ${key} --project ${project}, then ${key} = "\${secrets.${key}}"`,
      )
    }
    env.push([key, value])
  }
  return Object.fromEntries(env)
}

/** By its name, or as the password of an address. */
const holdsSecret = (key: string, value: string): boolean =>
  (isSecretKey(key) && value !== '' && !/^(true|false|\d{1,3})$/i.test(value) && !value.startsWith('/')) ||
  /:\/\/[^\s/:@]+:[^\s/@]+@/.test(value)

function filesOf(node: Node | undefined): {path: string; isRequired: boolean; place: Place}[] {
  const items = node === undefined ? [] : node.kind === 'list' ? node.items : [node]
  return items.flatMap((item) => {
    const path = textOf(item) ?? textAt(item, 'path')
    const isRequired = textAt(item, 'required') !== 'false'
    return path === undefined ? [] : [{path, isRequired, place: item.place}]
  })
}
