import {mkdir, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {type Instance, writeFileAtomic} from '@omni-cli/sdk'

export interface Records {
  read(): Promise<Map<string, Instance>>
  /** Changes the records, one caller after another; what `act` throws leaves them as they were. */
  change<T>(act: (instances: Map<string, Instance>) => T): Promise<T>
}

/** The records of a folder: one JSON file. */
export function openRecords(folder: string): Records {
  const file = join(folder, 'instances.json')
  let last: Promise<unknown> = Promise.resolve()

  async function read(): Promise<Map<string, Instance>> {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '[]'
      throw error
    })
    // Only this program writes the file.
    return new Map((JSON.parse(text) as Instance[]).map((instance) => [instance.name, instance]))
  }

  async function changeNow<T>(act: (instances: Map<string, Instance>) => T): Promise<T> {
    const instances = await read()
    const result = act(instances)
    await mkdir(folder, {recursive: true, mode: 0o700})
    await writeFileAtomic(file, JSON.stringify([...instances.values()]))
    return result
  }

  return {
    read,
    change(act) {
      const turn = last.then(() => changeNow(act))
      last = turn.catch(() => undefined)
      return turn
    },
  }
}
