import type {ConformanceCheck} from '../check.ts'
import {contains, equal, status} from '../expect.ts'

/** Back to the version before. */
export const rollbackChecks: readonly ConformanceCheck[] = [
  {
    group: 'rollback',
    name: 'a service with one deploy has nothing to go back to',
    async run({bench}) {
      const name = bench.name()
      await bench.deployed(bench.service(name))
      const answer = await bench.act(name, 'rollback')
      status(answer, 500, 'rollback')
      equal(answer.text, `rollback ${name} failed: no previous deploy for '${name}'`, 'rollback')
      await bench.steady(name, 1)
    },
  },
  {
    group: 'rollback',
    name: 'a rollback serves the version before, with as many replicas',
    needs: ['app'],
    async run({bench}) {
      const name = bench.name()
      for (const version of ['v1', 'v2']) {
        await bench.deployed(bench.service(name, {replicas: 2, env: {VERSION: version}}))
      }
      const answer = await bench.act(name, 'rollback')
      status(answer, 200, 'rollback')
      equal(answer.json(), {ok: `rollback ${name}`}, 'rollback')
      await bench.running(name, 2)
      contains(
        (await bench.logs(name, 5)).split('\n').slice(-12).join('\n'),
        'version v1 starts',
        'last lines of the logs',
      )
    },
  },
]
