import {sleep} from '@omni-cli/sdk'
import type {SourceLine} from '../../apps/log-lines.ts'

type Pieces = AsyncIterable<readonly SourceLine[]>

/** Lines of several sources in the order of their times. Each source must be in order by itself, and must end. */
export async function* mergeByTime(sources: readonly Pieces[]): AsyncGenerator<readonly SourceLine[]> {
  const heads = await Promise.all(sources.map((source) => nextHead(source[Symbol.asyncIterator]())))
  try {
    for (;;) {
      const open = heads.filter((head) => head.lines.length > 0)
      if (open.length === 0) return
      // What is older than the end of every piece can be given out: nothing older can come.
      const [until = ''] = open.map(({lines}) => lines.at(-1)?.time ?? '').toSorted()
      const ready = open.flatMap((head) => takeUntil(head, until))
      yield inOrder(ready)
      await Promise.all(open.filter(({lines}) => lines.length === 0).map(refill))
    }
  } finally {
    await Promise.all(heads.map(({iterator}) => iterator.return?.()))
  }
}

const inOrder = (lines: readonly SourceLine[]): SourceLine[] =>
  lines.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))

interface Head {
  readonly iterator: AsyncIterator<readonly SourceLine[]>
  lines: readonly SourceLine[]
}

async function nextHead(iterator: AsyncIterator<readonly SourceLine[]>): Promise<Head> {
  const head: Head = {iterator, lines: []}
  await refill(head)
  return head
}

async function refill(head: Head): Promise<void> {
  for (;;) {
    const next = await head.iterator.next()
    if (next.done === true) return
    if (next.value.length === 0) continue
    head.lines = next.value
    return
  }
}

function takeUntil(head: Head, until: string): readonly SourceLine[] {
  const count = head.lines.findLastIndex(({time}) => time <= until) + 1
  const taken = head.lines.slice(0, count)
  head.lines = head.lines.slice(count)
  return taken
}

/** Lines that come at nearly the same time are put in order. */
const GATHER_MS = 50

/** Lines of sources that go on, as they come; those of one moment in the order of their times. */
export async function* mergeFollowed(
  sources: readonly Pieces[],
  signal: AbortSignal,
): AsyncGenerator<readonly SourceLine[]> {
  let gathered: SourceLine[] = []
  let woken = Promise.withResolvers<void>()
  let open = sources.length
  const failures: unknown[] = []
  for (const source of sources) {
    const pump = async () => {
      for await (const lines of source) {
        gathered.push(...lines)
        woken.resolve()
      }
    }
    pump()
      .catch((error: unknown) => failures.push(error))
      .finally(() => {
        open--
        woken.resolve()
      })
  }
  while (open > 0 || gathered.length > 0) {
    await woken.promise
    await sleep(GATHER_MS, signal)
    woken = Promise.withResolvers<void>()
    if (failures.length > 0) throw failures[0]
    const lines = inOrder(gathered)
    gathered = []
    if (open === 0) woken.resolve()
    if (lines.length > 0) yield lines
  }
  if (failures.length > 0) throw failures[0]
}
