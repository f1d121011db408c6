import type {ConformanceCheck} from '../check.ts'
import {equal, list, ok, status} from '../expect.ts'

/** What one deploy answers and leaves. */
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
      for (let round = 0; round < 20; round++) await bench.deployed(bench.service(name))
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
]
