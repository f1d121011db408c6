import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {fileURLToPath} from 'node:url'
import {poll} from '@omni-cli/sdk'
import {expect, it} from 'vitest'
import {largeContent} from '../hub/content.ts'
import {CHUNK, createWorld} from '../world.ts'

it('of a download that was killed no more than one chunk for each connection is fetched again', async () => {
  await using world = await createWorld()
  const {hub, dir} = world
  world.weights = largeContent(8 * CHUNK)
  hub.add('ivory/one', {'model.safetensors': world.weights})
  // Every connection stands still once half of the file has come.
  let served = 0
  hub.fault = ({first, last}) => {
    served += last - first + 1
    return served > 5 * CHUNK ? {stallAfter: 1000} : undefined
  }
  const program = fileURLToPath(new URL('killed.ts', import.meta.url))
  const child = spawn(process.execPath, [program, hub.url, dir], {stdio: 'inherit'})
  const isOver = once(child, 'exit')
  await poll({everyMs: 20, timeoutMs: 20_000}, () => world.notedChunks() >= 5)
  child.kill('SIGKILL')
  await isOver
  hub.fault = () => undefined

  const got = await world.download()

  expect(got.repairedChunks).toBe(0)
  expect(got.fetchedBytes).toBeGreaterThanOrEqual(3 * CHUNK)
  expect(got.fetchedBytes).toBeLessThanOrEqual((3 + 2) * CHUNK)
  expect(world.isWhole()).toBe(true)
})
