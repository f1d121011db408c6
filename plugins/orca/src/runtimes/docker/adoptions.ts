import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {ensurePrivateDir, OmniError, reasonOf, writeFileAtomic} from '@omni-cli/sdk'
import {z} from 'zod'
import type {Identity} from './labels.ts'

const fileSchema = z.object({
  /** By id of the container. */
  containers: z.record(z.string(), z.object({service: z.string(), index: z.int(), release: z.string()})),
  /** By name of the volume: the replica that uses it. */
  volumes: z.record(z.string(), z.object({service: z.string(), index: z.int()})),
})

type Content = z.output<typeof fileSchema>

/**
 * What an Orca server made and this server has taken over. Labels cannot be changed, so it is remembered in
 * `engine/docker/adopted.json`.
 */
export interface Adoptions {
  find(id: string): Identity | undefined
  add(id: string, identity: Identity): Promise<void>
  forget(id: string): Promise<void>
  /** Forgets those that are gone. */
  keepOnly(ids: ReadonlySet<string>): Promise<void>
  /** False when it is that of another replica. */
  claimVolume(name: string, replica: Pick<Identity, 'service' | 'index'>): Promise<boolean>
  volumesOf(service: string): string[]
  forgetVolume(name: string): Promise<void>
}

/** IO when the file is there and cannot be read. */
export function openAdoptions(home: string): Adoptions {
  const folder = join(home, 'engine', 'docker')
  const file = join(folder, 'adopted.json')
  const content = load(file)
  let saving: Promise<void> = Promise.resolve()
  const save = (): Promise<void> => {
    saving = saving
      .catch(() => undefined)
      .then(() => ensurePrivateDir(folder))
      .then(() => writeFileAtomic(file, `${JSON.stringify(content, null, 2)}\n`))
    return saving
  }
  const drop = async (kind: keyof Content, keys: readonly string[]) => {
    const known = keys.filter((key) => Object.hasOwn(content[kind], key))
    for (const key of known) delete content[kind][key]
    if (known.length > 0) await save()
  }
  return {
    find: (id) => content.containers[id],
    async add(id, {service, index, release}) {
      content.containers[id] = {service, index, release}
      await save()
    },
    forget: (id) => drop('containers', [id]),
    keepOnly: (ids) =>
      drop(
        'containers',
        Object.keys(content.containers).filter((id) => !ids.has(id)),
      ),
    async claimVolume(name, {service, index}) {
      const holder = content.volumes[name]
      if (holder !== undefined) return holder.service === service && holder.index === index
      content.volumes[name] = {service, index}
      await save()
      return true
    },
    volumesOf: (service) => Object.keys(content.volumes).filter((name) => content.volumes[name]?.service === service),
    forgetVolume: (name) => drop('volumes', [name]),
  }
}

function load(file: string): Content {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {containers: {}, volumes: {}}
    throw new OmniError('IO', `cannot read '${file}': ${reasonOf(error)}`, {cause: error})
  }
  try {
    return fileSchema.parse(JSON.parse(text))
  } catch (error) {
    const hint = `move it away (what it lists is started anew): mv '${file}' '${file}.broken'`
    throw new OmniError('IO', `'${file}' is damaged`, {hint, cause: error})
  }
}
