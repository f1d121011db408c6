import {describe, expect, it} from 'vitest'
import {type Gate, openGate} from '../../src/client/gate.ts'

/** How many get in before somebody leaves. */
async function entered(gate: Gate, count: number): Promise<(() => void)[]> {
  const leaves: (() => void)[] = []
  for (let index = 0; index < count; index++) void gate.enter().then((leave) => leaves.push(leave))
  await new Promise((resolve) => setImmediate(resolve))
  return leaves
}

describe('the gate to a server', () => {
  it('lets a bounded number in, and the next when one leaves', async () => {
    const gate = openGate()
    const leaves = await entered(gate, 30)

    expect(leaves).toHaveLength(24)
    leaves[0]?.()
    await expect.poll(() => leaves.length).toBe(25)
  })

  it('lets half as many in after each complaint, and more again when all is calm', async () => {
    const gate = openGate()
    gate.slowDown(0)
    gate.slowDown(0)
    const leaves = await entered(gate, 30)
    expect(leaves).toHaveLength(6)

    for (let index = 0; index < 8; index++) gate.calm()
    leaves[0]?.()
    await expect.poll(() => leaves.length).toBe(8)
  })

  it('never closes for good', async () => {
    const gate = openGate()
    for (let index = 0; index < 10; index++) gate.slowDown(0)

    expect(await entered(gate, 3)).toHaveLength(1)
  })

  it('is left by those who do not wait any longer', async () => {
    const gate = openGate()
    await entered(gate, 24)
    await expect(gate.enter(AbortSignal.timeout(10))).rejects.toMatchObject({code: 'ABORTED'})

    const closed = openGate()
    closed.slowDown(60_000)
    await expect(closed.enter(AbortSignal.timeout(10))).rejects.toMatchObject({code: 'ABORTED'})
  })
})
