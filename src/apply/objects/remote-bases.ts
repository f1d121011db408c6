import {stat} from 'node:fs/promises'
import {join} from 'node:path'
import type {Tree} from '@omni-cli/sdk/engine'

const FILES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization']
/** Lists of a kustomization that may name folders, files and what is elsewhere. */
const LISTS = ['resources', 'bases', 'components', 'generators', 'transformers', 'validators', 'crds', 'configurations']
const MAX_FOLDERS = 200

/** `https://…`, `git@host:…`, `github.com/a/b?ref=v1` */
const REMOTE =
  /^[a-z][a-z0-9+.-]*:\/\/|^[^/\s]+@[^/\s]+:|[?&]ref=|^[\w-]+(\.[\w-]+)+\/[^/]+\/[^/]+.*(\.git|\/\/)|^(github\.com|gitlab\.com|bitbucket\.org)[/:]/i

/** Everything that the kustomization in the folder, and those that it is based on, would fetch. */
export async function remoteBases(folder: string, seen = new Set<string>()): Promise<string[]> {
  if (seen.has(folder) || seen.size > MAX_FOLDERS) return []
  seen.add(folder)
  const {readYamlFile} = await import('@omni-cli/sdk/engine')
  const found: string[] = []
  for (const name of FILES) {
    const file = join(folder, name)
    if ((await typeOf(file)) !== 'file') continue
    const {documents} = await readYamlFile(file)
    for (const entry of documents.flatMap(entriesOf)) {
      if (REMOTE.test(entry)) found.push(entry)
      else if ((await typeOf(join(folder, entry))) === 'folder')
        found.push(...(await remoteBases(join(folder, entry), seen)))
    }
  }
  return found
}

const typeOf = (path: string): Promise<'file' | 'folder' | undefined> =>
  stat(path).then(
    (stats) => (stats.isDirectory() ? 'folder' : 'file'),
    () => undefined,
  )

function entriesOf(tree: Tree): string[] {
  if (tree.kind !== 'map') return []
  return LISTS.flatMap((key) => {
    const list = tree.entries.get(key)?.value
    if (list?.kind !== 'list') return []
    return list.items.flatMap((item) => (item.kind === 'scalar' && typeof item.value === 'string' ? [item.value] : []))
  })
}
