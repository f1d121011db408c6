import type {ConformanceCheck} from '../check.ts'
import {contains, equal, isRecord, list, ok, status} from '../expect.ts'

const count = (n: number): number[] => Array.from({length: n}, (_, index) => index)

/** What a deploy answers and leaves. */
export const deployChecks: readonly ConformanceCheck[] = [
  {
    group: 'deploy',
    name: 'two replicas are deployed and running',
    async run({bench}) {
      const name = bench.name()
      const answer = await bench.deploy(bench.service(name, {replicas: 2}))
      status(answer, 200, 'deploy')
      ok(list(answer.json(), 'deployed').includes(name), 'the service is not in `deployed`')
      equal(list(answer.json(), 'errors'), [], 'errors')
      const row = await bench.running(name, 2)
      equal(row.status, 'running', 'status')
    },
  },
  {
    group: 'deploy',
    name: "a row of the status has Orca's fields",
    async run({bench}) {
      const name = bench.name()
      await bench.deployed(bench.service(name))
      const row = await bench.running(name, 1)
      ok(row.domain === null, 'domain is not null')
      ok(row.runtime === 'container' || row.runtime === 'wasm', `runtime is '${String(row.runtime)}'`)
      ok(typeof row.image === 'string', 'image is no text')
      ok(!('project' in row), 'there is a project although none was given')
      ok(!('replicas' in row), 'there is a field `replicas`, which Orca has not')
    },
  },
  {
    group: 'deploy',
    name: 'a service without image, module or build is an error in words, and nothing is deployed',
    async run({bench}) {
      const name = bench.name()
      const answer = await bench.deploy({name})
      status(answer, 500, 'deploy')
      equal(list(answer.json(), 'deployed'), [], 'deployed')
      equal(
        list(answer.json(), 'errors'),
        [`${name}: service '${name}' has no image, module, or build config`],
        'errors',
      )
    },
  },
  {
    group: 'deploy',
    name: 'some deployed and some not is a 206 that lists both',
    async run({bench}) {
      const [good, bad] = [bench.name('good'), bench.name('bad')]
      const answer = await bench.deploy(bench.service(good), {name: bad})
      status(answer, 206, 'deploy')
      equal(list(answer.json(), 'deployed'), [good], 'deployed')
      equal(list(answer.json(), 'errors').length, 1, 'number of errors')
    },
  },
  {
    group: 'deploy',
    name: 'a WebAssembly service without a runtime for it is an error',
    async run({bench}) {
      const name = bench.name()
      const answer = await bench.deploy({name, runtime: 'wasm', module: '/no/such/module.wasm'})
      ok(answer.status >= 400 || list(answer.json(), 'errors').length > 0, `answered ${answer.status} ${answer.text}`)
    },
  },
  {
    group: 'deploy',
    name: 'of two entries with one name the last one counts',
    async run({bench}) {
      const name = bench.name()
      const answer = await bench.deploy(bench.service(name), bench.service(name, {replicas: 2}))
      status(answer, [200, 206], 'deploy')
      await bench.running(name, 2)
    },
  },
  {
    group: 'deploy',
    name: 'no replicas are a 200 without instances',
    async run({bench}) {
      const name = bench.name()
      await bench.deployed(bench.service(name, {replicas: 0}))
      equal((await bench.row(name))?.running_replicas, 0, 'running replicas')
    },
  },
  {
    group: 'deploy',
    name: 'the same again, twenty times, keeps the one replica',
    async run({bench}) {
      const name = bench.name()
      for (const _ of count(20)) await bench.deployed(bench.service(name))
      await bench.steady(name, 1)
    },
  },
  {
    group: 'deploy',
    name: 'fewer replicas in the next deploy are fewer',
    async run({bench}) {
      const name = bench.name()
      await bench.deployed(bench.service(name, {replicas: 3}))
      await bench.deployed(bench.service(name, {replicas: 1}))
      // One that is a default in many clients may also mean "as it is".
      const row = await bench.until(name, ({running_replicas: now, desired_replicas: want}) => now === want)
      equal(row.running_replicas, 1, 'running replicas')
    },
  },
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
  {
    group: 'deploy',
    name: 'unknown fields and null for what is not set are accepted',
    async run({bench}) {
      const name = bench.name()
      const unset = Object.fromEntries(
        ['module', 'host_port', 'domain', 'health', 'readiness', 'liveness', 'resources', 'volume', 'placement']
          .concat(['network', 'assets', 'build', 'tls_cert', 'tls_key'])
          .map((key) => [key, null]),
      )
      await bench.deployed({...bench.service(name), ...unset, routes: [], aliases: [], mounts: [], a_new_field: {a: 1}})
      await bench.running(name, 1)
    },
  },
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
