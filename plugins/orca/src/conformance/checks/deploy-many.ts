import type {ConformanceCheck} from '../check.ts'
import {equal, list, ok, status} from '../expect.ts'

const count = (n: number): number[] => Array.from({length: n}, (_, index) => index)

/** Several services, and several deploys at once. */
export const deployManyChecks: readonly ConformanceCheck[] = [
  {
    group: 'deploy',
    name: 'two deploys of one service at once both succeed and leave one replica',
    async run({bench}) {
      const name = bench.name()
      const answers = await Promise.all([bench.deploy(bench.service(name)), bench.deploy(bench.service(name))])
      for (const answer of answers) status(answer, 200, 'deploy')
      await bench.steady(name, 1)
    },
  },
  {
    group: 'deploy',
    name: 'ten different deploys at once all succeed, each with its replicas',
    async run({bench}) {
      const names = count(10).map((index) => bench.name(`n${index}`))
      await Promise.all(names.map((name, index) => bench.deployed(bench.service(name, {replicas: 1 + (index % 2)}))))
      for (const [index, name] of names.entries()) await bench.running(name, 1 + (index % 2))
    },
  },
  {
    group: 'deploy',
    name: 'fifty times the same deploy at once leave one replica',
    async run({bench}) {
      const name = bench.name()
      const answers = await Promise.all(count(50).map(() => bench.deploy(bench.service(name))))
      for (const answer of answers) status(answer, 200, 'deploy')
      await bench.steady(name, 1)
    },
  },
  {
    group: 'deploy',
    name: 'ten services in one deploy are all listed, and none after they were stopped',
    async run({bench}) {
      const names = count(10).map((index) => bench.name(`n${index}`))
      await bench.deployed(...names.map((name) => bench.service(name)))
      const rows = await bench.rows()
      for (const name of names)
        ok(
          rows.some((row) => row.name === name),
          `'${name}' is not listed`,
        )
      for (const answer of await Promise.all(names.map((name) => bench.stop(name)))) status(answer, 200, 'stop')
      const after = await bench.rows()
      ok(!after.some((row) => names.includes(row.name) && row.running_replicas > 0), 'some still run')
    },
  },
  {
    group: 'deploy',
    name: 'dependencies come first, and `deployed` shows the order',
    async run({bench}) {
      const [app, pg, redis] = [bench.name('app'), bench.name('pg'), bench.name('redis')]
      const answer = await bench.deploy(
        bench.service(app, {depends_on: [pg, redis]}),
        bench.service(pg),
        bench.service(redis),
      )
      status(answer, 200, 'deploy')
      equal(list(answer.json(), 'deployed').at(-1), app, 'last of `deployed`')
    },
  },
  {
    group: 'deploy',
    name: 'services that depend on each other are deployed all the same, after those that do not',
    async run({bench}) {
      const [a, b, c] = [bench.name('a'), bench.name('b'), bench.name('c')]
      const answer = await bench.deploy(
        bench.service(a, {depends_on: [b]}),
        bench.service(b, {depends_on: [a]}),
        bench.service(c),
      )
      status(answer, 200, 'deploy')
      equal(list(answer.json(), 'deployed'), [c, a, b], 'deployed')
      for (const name of [a, b, c]) await bench.running(name, 1)
    },
  },
  {
    group: 'deploy',
    name: 'a dependency that is nowhere does not stop a deploy',
    async run({bench}) {
      const name = bench.name()
      await bench.deployed(bench.service(name, {depends_on: ['no-such-service-here']}))
      await bench.running(name, 1)
    },
  },
]
