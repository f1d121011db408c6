import {inOrder, type StampedLine} from './log-times.ts'

type Pieces = AsyncIterator<readonly StampedLine[]>

interface Head {
  readonly pieces: Pieces
  lines: readonly StampedLine[]
}

/** Lines of several sources that end, in the order of their times; no more than a piece of each is held. */
export async function* mergeLines(
  sources: readonly AsyncGenerator<readonly StampedLine[]>[],
): AsyncGenerator<readonly StampedLine[]> {
  const heads = sources.map((pieces): Head => ({pieces, lines: []}))
  try {
    await Promise.all(heads.map(refill))
    for (;;) {
      const open = heads.filter(({lines}) => lines.length > 0)
      // Nothing older than the first of the last lines can come any more.
      const [until] = open.map(({lines}) => lines.at(-1)?.stamp ?? '').toSorted()
      if (until === undefined) return
      yield inOrder(open.flatMap((head) => takeUntil(head, until)))
      await Promise.all(open.filter(({lines}) => lines.length === 0).map(refill))
    }
  } finally {
    await Promise.all(heads.map(({pieces}) => pieces.return?.()))
  }
}

async function refill(head: Head): Promise<void> {
  while (head.lines.length === 0) {
    const next = await head.pieces.next()
    if (next.done === true) return
    head.lines = next.value
  }
}

function takeUntil(head: Head, until: string): readonly StampedLine[] {
  const count = head.lines.findLastIndex(({stamp}) => stamp <= until) + 1
  const taken = head.lines.slice(0, count)
  head.lines = head.lines.slice(count)
  return taken
}

/** Lines of this many are held while nobody takes them; then who brings more waits. */
const HELD = 20_000

/** Where lines of many sources come together. */
export function lineGathering() {
  let held: StampedLine[] = []
  let arrived = Promise.withResolvers<void>()
  let taken = Promise.withResolvers<void>()
  let failure: {readonly error: unknown} | undefined
  return {
    async put(lines: readonly StampedLine[]): Promise<void> {
      for (const line of lines) held.push(line)
      arrived.resolve()
      if (held.length >= HELD) await taken.promise
    },
    fail(error: unknown): void {
      failure ??= {error}
      arrived.resolve()
    },
    /** Wakes who waits, with nothing. */
    wake: () => arrived.resolve(),
    arrived: () => arrived.promise,
    take(): StampedLine[] {
      if (failure !== undefined) throw failure.error
      const lines = inOrder(held)
      held = []
      arrived = Promise.withResolvers()
      taken.resolve()
      taken = Promise.withResolvers()
      return lines
    },
  }
}

export type LineGathering = ReturnType<typeof lineGathering>
