import type {ConformanceCheck} from '../check.ts'
import {equal, ok, status} from '../expect.ts'

/** More and fewer replicas, and none. */
export const scaleChecks: readonly ConformanceCheck[] = [
  ...[
    [3, 1],
    [10, 1],
    [2, 0],
  ].map(
    (steps): ConformanceCheck => ({
      group: 'scale and stop',
      name: `scaled 1 → ${steps.join(' → ')}, each answer repeats the number and each number is there`,
      async run({bench}) {
        const name = bench.name()
        await bench.deployed(bench.service(name))
        for (const replicas of steps) {
          const answer = await bench.act(name, 'scale', {replicas})
          status(answer, 200, `scale to ${replicas}`)
          equal(answer.json(), {service: name, replicas}, `scale to ${replicas}`)
          await bench.running(name, replicas)
        }
      },
    }),
  ),
  {
    group: 'scale and stop',
    name: 'a number of replicas that is none is a 422',
    async run({bench}) {
      const name = bench.name()
      await bench.deployed(bench.service(name))
      for (const replicas of [-1, 1.5, 'two', null]) status(await bench.act(name, 'scale', {replicas}), 422, 'scale')
    },
  },
  {
    group: 'scale and stop',
    name: 'a stopped service is gone from the status, and stopping it again is a 500',
    async run({bench}) {
      const name = bench.name()
      await bench.deployed(bench.service(name))
      const answer = await bench.stop(name)
      status(answer, 200, 'stop')
      equal(answer.json(), {ok: `stop ${name}`}, 'stop')
      ok((await bench.row(name)) === undefined, 'it is still listed')
      const again = await bench.stop(name)
      status(again, 500, 'second stop')
      equal(again.text, `stop ${name} failed: service '${name}' not found`, 'second stop')
    },
  },
  {
    group: 'scale and stop',
    name: 'a deploy and a stop right after it leave nothing',
    async run({bench}) {
      const name = bench.name()
      const deploy = bench.deploy(bench.service(name))
      await bench.until(name, () => true, 30_000).catch(() => undefined)
      status(await bench.stop(name), [200, 500], 'stop')
      await deploy
      if ((await bench.row(name)) !== undefined) await bench.stop(name)
      ok((await bench.row(name)) === undefined, 'it is still listed')
    },
  },
]
