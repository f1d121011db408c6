import type {ConformanceCheck} from '../check.ts'
import {contains, equal, isRecord, list, ok, status} from '../expect.ts'

/** Another version of what is there: one that works, and some that do not. */
export const deployVersionChecks: readonly ConformanceCheck[] = [
  {
    group: 'deploy',
    name: 'a changed environment replaces the replicas, as many as before',
    needs: ['app'],
    async run({bench}) {
      const name = bench.name()
      for (const version of ['v1', 'v2']) {
        await bench.deployed(bench.service(name, {replicas: 2, env: {VERSION: version}}))
        await bench.steady(name, 2)
      }
      contains(await bench.logs(name), 'version v2 starts', 'logs')
    },
  },
  {
    group: 'deploy',
    name: 'a version that ends at once is not called deployed, its reason is told, and the old one serves on',
    needs: ['app'],
    async run({bench}) {
      const name = bench.name()
      await bench.deployed(bench.service(name, {replicas: 2, env: {VERSION: 'v1'}}))
      const answer = await bench.deploy(bench.service(name, {replicas: 2, env: {EXIT: '7'}}))
      status(answer, 500, 'deploy')
      ok(
        list(answer.json(), 'errors').some((error) => String(error).startsWith(`${name}: `)),
        'no error of the service',
      )
      await bench.steady(name, 2)
    },
  },
  {
    group: 'deploy',
    name: 'an app on another port than it said is not called deployed',
    needs: ['app'],
    async run({bench}) {
      const service = bench.service(bench.name(), {env: {WRONG_PORT: '1'}, deploy: {ready_timeout_secs: 3}})
      status(await bench.deploy(service), 500, 'deploy')
    },
  },
  {
    group: 'deploy',
    name: 'an image that is nowhere is not called deployed, and the old version serves on',
    needs: ['containers'],
    async run({bench}) {
      const name = bench.name()
      await bench.deployed(bench.service(name))
      const answer = await bench.deploy({...bench.service(name), image: '127.0.0.1:9/no/such-image:1'})
      ok(answer.status >= 500, `answered ${answer.status} ${answer.text}`)
      await bench.steady(name, 1)
    },
  },
  {
    group: 'deploy',
    name: 'after a failed deploy of a new service the status says why',
    needs: ['app', 'omni'],
    async run({bench}) {
      const name = bench.name()
      await bench.deploy(bench.service(name, {env: {EXIT: '7'}}))
      const failure = (await bench.row(name))?.last_failure
      ok(isRecord(failure), 'there is no last_failure')
      equal(failure.exit_code, 7, 'exit code')
    },
  },
]
