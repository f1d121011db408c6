import {isAbsolute} from 'node:path/posix'
import {DOCKER_NAME} from './names.ts'

/** A folder of the host, or a named volume, that is seen inside. */
export interface Mount {
  /** Absolute path, or name of a volume. */
  readonly source: string
  readonly isVolume: boolean
  readonly target: string
  readonly isReadOnly: boolean
  /** SELinux label: `z` shared, `Z` private. */
  readonly relabel?: 'z' | 'Z' | undefined
}

/** `source:/inside[:options]` as `docker run -v` has it; a text says what is wrong with it. */
export function parseMount(text: string): Mount | string {
  const [source = '', target = '', options, ...more] = text.split(':')
  const wrong = (what: string) => `mount '${text}': ${what}`
  if (more.length > 0 || target === '') return wrong('it is written /host/path:/inside[:ro]')
  if (text.includes('\0')) return wrong('it has a NUL byte')
  if (!isAbsolute(target)) return wrong(`'${target}' must be an absolute path`)
  const isVolume = !isAbsolute(source)
  if (isVolume && !DOCKER_NAME.test(source)) {
    return wrong(`'${source}' is neither an absolute path nor the name of a volume`)
  }
  const words = options === undefined ? [] : options.split(',')
  const unknown = words.find((word) => !['ro', 'rw', 'z', 'Z'].includes(word))
  if (unknown !== undefined) return wrong(`'${unknown}' is no option; there are ro, rw, z and Z`)
  const relabel = words.find((word): word is 'z' | 'Z' => word === 'z' || word === 'Z')
  return {source, isVolume, target, isReadOnly: words.includes('ro'), relabel}
}
