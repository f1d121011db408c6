import type {CallOptions, ExecFacet} from '@omni-cli/sdk'

const LINE_END = 0x0a

/** Runs a program inside and gives the lines of its stdout as they come; it ends when nobody reads on. */
export async function* execLines(
  facet: ExecFacet,
  name: string,
  {argv, signal}: CallOptions & {readonly argv: readonly string[]},
): AsyncGenerator<readonly string[]> {
  const ending = new AbortController()
  const bounded = signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal])
  let waiting: Buffer[] = []
  let woken = Promise.withResolvers<void>()
  let taken = Promise.withResolvers<void>()
  let isOver = false
  const running = facet.run(name, argv, {
    signal: bounded,
    onStdout(chunk) {
      waiting.push(chunk)
      woken.resolve()
      return taken.promise
    },
  })
  const finish = () => {
    isOver = true
    woken.resolve()
  }
  running.then(finish, finish)
  let rest: Buffer = Buffer.alloc(0)
  try {
    while (!isOver || waiting.length > 0) {
      await woken.promise
      const bytes = Buffer.concat([rest, ...waiting])
      waiting = []
      if (!isOver) woken = Promise.withResolvers<void>()
      const end = bytes.lastIndexOf(LINE_END)
      rest = bytes.subarray(end + 1)
      if (end !== -1) yield bytes.subarray(0, end).toString('utf8').split('\n')
      taken.resolve()
      taken = Promise.withResolvers<void>()
    }
    await running
    if (rest.length > 0) yield [rest.toString('utf8')]
  } finally {
    ending.abort()
    taken.resolve()
    await running.catch(() => undefined)
  }
}
