/**
 * Runs `work` over the items, at most `limit` at a time; results in the order of the items.
 * After the first failure nothing new is started; it rejects with that failure once the running ones have ended.
 */
export async function mapLimit<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length)
  const queue = items.entries()
  const failures: unknown[] = []
  const drain = async () => {
    for (const [index, item] of queue) {
      try {
        results[index] = await work(item, index)
      } catch (error) {
        failures.push(error)
      }
      if (failures.length > 0) return
    }
  }
  await Promise.all(Array.from({length: Math.max(1, Math.min(limit, items.length))}, drain))
  if (failures.length > 0) throw failures[0]
  return results
}
