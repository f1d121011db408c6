import {readFileSync} from 'node:fs'

/** Content of a file that the kernel makes up; undefined when it is not there or not for us. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

export const words = (path: string): string[] =>
  readIfThere(path)
    ?.split(/\s+/)
    .filter((word) => word !== '') ?? []
