import assert from 'node:assert/strict'
import {poll} from '@omni-cli/sdk'
import {rejectsWith} from './expect.ts'
import {type InstanceCheck, SOON_MS} from './instance-harness.ts'

/** What a machine says of itself. */
export const tellingChecks: readonly InstanceCheck[] = [
  {
    name: 'logs are lines with times, and tail limits them',
    async run({provider, spec}) {
      const {logs} = provider
      if (logs === undefined) return 'no logs facet'
      await provider.create(spec('web'))
      const lines = await Array.fromAsync(logs.read('web'))
      for (const {time, text} of lines) {
        assert.ok(!Number.isNaN(Date.parse(time)), `'${time}' is a time`)
        assert.doesNotMatch(text, /\n/)
      }
      assert.ok((await Array.fromAsync(logs.read('web', {tail: 1}))).length <= 1)
      await rejectsWith('NOT_FOUND', () => Array.fromAsync(logs.read('absent')), 'logs of an absent machine')
      return undefined
    },
  },
  {
    name: 'metrics tell of running machines only',
    async run({provider, spec}) {
      const {metrics} = provider
      if (metrics === undefined) return 'no metrics facet'
      await provider.create(spec('web'))
      const usage = await poll({everyMs: 200, timeoutMs: SOON_MS}, async () =>
        (await metrics.read()).find(({name}) => name === 'web'),
      )
      for (const [key, value] of Object.entries(usage)) {
        if (typeof value === 'number') assert.ok(value >= 0, `${key} is ${value}`)
      }
      await provider.stop('web', {force: true})
      assert.ok(!(await metrics.read()).some(({name}) => name === 'web'), 'a stopped machine uses nothing')
      return undefined
    },
  },
  {
    name: 'events tell of machines while they happen, until the reader goes',
    async run({provider, spec}) {
      const {events} = provider
      if (events === undefined) return 'no events facet'
      await provider.create(spec('web'))
      const abort = new AbortController()
      const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(SOON_MS)])
      const seen: string[] = []
      const reading = (async () => {
        for await (const {ref, id, time} of events.read({follow: true, signal})) {
          assert.ok(Number.isInteger(id) && !Number.isNaN(Date.parse(time)))
          seen.push(ref)
          if (ref === 'instance/web') break
        }
      })()
      // Who listens a moment too late hears the next one.
      const stopping = new AbortController()
      const making = poll({everyMs: 300, timeoutMs: SOON_MS, signal: stopping.signal}, async () => {
        await provider.stop('web', {force: true})
        await provider.start('web')
        return undefined
      }).catch(() => undefined)
      await reading
      stopping.abort()
      await making
      assert.ok(seen.includes('instance/web'), `saw ${seen.join(', ')}`)
      return undefined
    },
  },
]
