import {stat} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {didYouMean, OmniError} from '@omni-cli/sdk'
import {plainValue, readYamlFile} from '@omni-cli/sdk/engine'

/** Those of `templates/runtime`. */
export const RUNTIME_TEMPLATES = ['vllm', 'sglang'] as const

/**
 * The manifest of a template: one of ours by its name, or a file. USAGE for a name that is none.
 * @param root folder of this package
 */
export async function readTemplate(word: string, root: string): Promise<Readonly<Record<string, unknown>>> {
  const file = RUNTIME_TEMPLATES.some((name) => name === word)
    ? join(root, 'templates', 'runtime', `${word}.yaml`)
    : resolve(word)
  if (!(await isFile(file))) {
    throw new OmniError('USAGE', `there is no template '${word}'`, {
      hint: didYouMean(word, RUNTIME_TEMPLATES) ?? `templates: ${RUNTIME_TEMPLATES.join(', ')}, or a file`,
    })
  }
  const {documents} = await readYamlFile(file)
  const [manifest, ...others] = documents.map(plainValue)
  if (others.length > 0 || typeof manifest !== 'object' || manifest === null || Array.isArray(manifest)) {
    throw new OmniError('MANIFEST_INVALID', `'${file}' must hold one runtime`)
  }
  return {...manifest}
}

const isFile = async (file: string): Promise<boolean> => {
  try {
    return (await stat(file)).isFile()
  } catch {
    return false
  }
}
