import assert from 'node:assert/strict'
import {isIP} from 'node:net'
import {aborted, rejects, rejectsWith} from './expect.ts'
import {type InstanceCheck, seen} from './instance-harness.ts'

/** The verbs of machines. */
export const lifecycleChecks: readonly InstanceCheck[] = [
  {
    name: 'check says that it is reachable',
    async run({provider}) {
      assert.equal((await provider.check()).ok, true)
    },
  },
  {
    name: 'a created instance runs; stop and start are observed and idempotent',
    async run({provider, spec}) {
      assert.equal((await provider.create(spec('web'))).status, 'running')
      assert.equal((await provider.stop('web', {force: true})).status, 'stopped')
      assert.equal((await provider.stop('web')).status, 'stopped')
      const stopped = await provider.get('web')
      assert.equal(stopped?.status, 'stopped')
      assert.notEqual(stopped?.agent, true, 'nothing can be run inside of a stopped machine')
      await rejects(() => provider.start('web', {signal: aborted()}), 'start with an aborted signal')
      assert.equal((await provider.get('web'))?.status, 'stopped', 'an aborted start has started nothing')
      assert.equal((await provider.start('web')).status, 'running')
      assert.equal((await provider.start('web')).status, 'running')
      await rejects(() => provider.stop('web', {signal: aborted()}), 'stop with an aborted signal')
      assert.equal((await provider.get('web'))?.status, 'running', 'an aborted stop has stopped nothing')
      if (provider.restart === undefined) return undefined
      assert.equal((await provider.restart('web', {force: true})).status, 'running')
      assert.equal((await provider.get('web'))?.status, 'running')
      return undefined
    },
  },
  {
    name: 'start and stop of an absent name are NOT_FOUND',
    async run({provider, spec}) {
      await rejectsWith('NOT_FOUND', () => provider.start('absent'), 'start')
      await rejectsWith('NOT_FOUND', () => provider.stop('absent'), 'stop')
      const {restart, rebuild} = provider
      if (restart !== undefined) await rejectsWith('NOT_FOUND', () => restart('absent'), 'restart')
      if (rebuild !== undefined) await rejectsWith('NOT_FOUND', () => rebuild('absent', spec('absent')), 'rebuild')
    },
  },
  {
    name: 'addresses are those that others reach it by, IPv4 first',
    async run({provider, spec}) {
      await provider.create(spec('web'))
      const {addresses} = await seen(provider, 'web', (instance) => instance.addresses.length > 0)
      for (const address of addresses) {
        assert.notEqual(isIP(address), 0, `'${address}' is an address`)
        assert.doesNotMatch(address, /^(127\.|169\.254\.|::1$|fe80:)/i)
      }
      assert.deepEqual(addresses.map(isIP), addresses.map(isIP).sort(), 'IPv4 comes first')
    },
  },
  {
    name: 'a machine that is being stopped is told with all that it is',
    async run({provider, spec}) {
      const labels = provider.traits.labels ? {role: 'web'} : {}
      await provider.create({...spec('web'), metadata: labels})
      const stopping = {isOver: false}
      const stop = provider.stop('web', {force: true}).finally(() => {
        stopping.isOver = true
      })
      try {
        while (!stopping.isOver) {
          const listed = (await provider.list()).find(({name}) => name === 'web')
          assert.deepEqual([listed?.name, listed?.labels], ['web', labels], 'as list tells it')
          assert.deepEqual((await provider.get('web'))?.labels, labels, 'as get tells it')
        }
      } finally {
        await stop
      }
    },
  },
  {
    name: 'machines are made side by side',
    async run({provider, spec}) {
      const made = await Promise.all(['a', 'b', 'c'].map((name) => provider.create(spec(name))))
      assert.deepEqual(
        made.map(({name, status}) => [name, status]),
        ['a', 'b', 'c'].map((name) => [name, 'running']),
      )
    },
  },
  {
    name: 'a create that is aborted on its way leaves nothing that is in the way of the next one',
    async run({provider, spec}) {
      const abort = new AbortController()
      const work = provider.create(spec('web'), {signal: abort.signal}).catch(() => undefined)
      setTimeout(() => abort.abort(), 60)
      await work
      await provider.remove('web')
      assert.equal(await provider.get('web'), undefined)
      assert.equal((await provider.create(spec('web'))).status, 'running')
    },
  },
]
