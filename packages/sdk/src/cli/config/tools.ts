/**
 * Everything that reads and writes the text of the configuration file. With YAML and zod behind it, so it is loaded
 * when a command asks for it.
 */
export const configTools = () => import('./edit.ts')

export type {ConfigEditor, ConfigPath} from './edit.ts'
export type {ConfigProblem} from './parse.ts'
