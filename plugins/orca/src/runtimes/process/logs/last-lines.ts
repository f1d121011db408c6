import {linesBackwards} from '../../../logs/backwards.ts'
import {closeAll, openRotated} from '../../../logs/rotated-files.ts'
import {parseStoredLine} from '../../../logs/stored-line.ts'

/** The last lines of one instance in the log of its replica, oldest first. */
export async function lastLines(path: string, tag: string, count: number): Promise<string[]> {
  const found: string[] = []
  const logs = await openRotated(path)
  try {
    if (count <= 0) return found
    for await (const text of linesBackwards(logs)) {
      const line = parseStoredLine(text)
      if (line?.tag !== tag) continue
      found.push(line.text)
      if (found.length >= count) break
    }
    return found.reverse()
  } finally {
    await closeAll(logs)
  }
}
