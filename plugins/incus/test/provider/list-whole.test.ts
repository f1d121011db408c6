import {OmniError} from '@omni-cli/sdk'
import {expect, test} from 'vitest'
import type {IncusClient} from '../../src/client/client.ts'
import {findWhole, listWhole} from '../../src/provider/list-whole.ts'
import {wireInstance} from './wires.ts'

const whole = wireInstance({name: 'web', architecture: 'x86_64', config: {'user.omni.plan': 'shop'}})
/** What Incus tells of a machine that is just being stopped. */
const bare = wireInstance({name: 'web', status: 'Error', status_code: 112, architecture: ''})

test('a machine of which Incus tells nothing but the name is asked for again', async () => {
  const answers = [[bare], [bare], [whole]]
  expect(await listWhole(async () => answers.shift() ?? [])).toEqual([whole])
})

test('one that stays like that is told as it is', async () => {
  expect(await listWhole(async () => [bare], {patienceMs: 5})).toEqual([bare])
})

test('an interrupted wait ends with ABORTED', async () => {
  const stop = new AbortController()
  const list = async () => {
    stop.abort()
    return [bare]
  }
  await expect(listWhole(list, {signal: stop.signal})).rejects.toMatchObject({code: 'ABORTED'})
})

test('a machine whose state cannot be told while it stops is stopping, and no failure', async () => {
  const answers = [
    () => Promise.reject(new OmniError('UNAVAILABLE', "Invalid PID '-1'")),
    () => Promise.resolve({value: {...whole, status: 'Error', status_code: 112}, etag: undefined}),
  ]
  const client = {find: () => answers.shift()?.()} as unknown as IncusClient
  expect((await findWhole(client, 'web'))?.value).toMatchObject({status: 'Stopping', status_code: 107})
})
