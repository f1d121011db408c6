import {describe, expect, it} from 'vitest'
import {status} from '../../src/conformance/expect.ts'
import {host, until, useRealServer} from './real-server.ts'

const at = useRealServer()

/** A program in the place of the app of the image. */
const program = (script: string) => ({command: ['sh', '-c', 'ulimit -n 64; exec node -e "$0"', script]})
const LIVENESS = {path: '/', interval_secs: 0.2, timeout_secs: 1, failure_threshold: 2, initial_delay_secs: 0}

describe.skipIf(host === undefined)('an app', {timeout: 120_000}, () => {
  it.each([
    [
      'answers for a while and then hangs',
      'let left = 20; require("http").createServer((_, a) => left-- > 0 && a.end("well"))',
    ],
    [
      'takes files until there are none left',
      'let left = 20; const held = []; require("http").createServer((_, a) => { left--; try { do held.push(require("fs").openSync("/dev/null")); while (left < 0) } catch { a.statusCode = 500 } a.end("well") })',
    ],
  ])('that %s is replaced, again and again if need be', async (_, script) => {
    const {bench} = at
    const [name, domain] = [bench.name(), `${bench.mark}.example.test`]
    await bench.deployed(bench.service(name, {domain, liveness: LIVENESS, ...program(`${script}.listen(8080)`)}))
    const [first] = await at.containers(name)

    await until(async () => {
      const found = await at.containers(name)
      return found.length > 0 && found.every(({Id}) => Id !== first?.Id)
    })
    await until(async () => (await at.ask(domain).catch(() => '')) === 'well')
  })

  it('that prints without end is served, its output is bounded, and others do not notice', async () => {
    const {bench} = at
    const [loud, quiet, domain] = [bench.name('loud'), bench.name('quiet'), `${bench.mark}.example.test`]
    const script = `const print = () => process.stdout.write('x'.repeat(8192) + '\\n', () => setImmediate(print)); print()
      require('http').createServer((_, a) => a.end('here')).listen(8080)`
    await bench.deployed(bench.service(loud, {domain, ...program(script)}))
    await bench.deployed(bench.service(quiet))

    expect(await at.ask(domain)).toBe('here')
    expect((await bench.logs(loud, 5)).length).toBeGreaterThan(5 * 8192)
    const [found] = await at.containers(loud)
    expect(found?.HostConfig.LogConfig).toEqual({Type: 'json-file', Config: {'max-file': '3', 'max-size': '10m'}})
    status(await bench.stop(loud), 200, 'stop')
  })

  it('that leaves its dead children behind is ended with all of them', async () => {
    const {bench} = at
    const [name, domain] = [bench.name(), `${bench.mark}.example.test`]
    const script = `for (let n = 0; n < 50; n++) require('child_process').spawn('sh', ['-c', 'sleep 600 & exit 0'], {stdio: 'ignore'})
      require('http').createServer((_, a) => a.end('here')).listen(8080)`
    await bench.deployed(bench.service(name, {domain, ...program(script)}))
    expect(await at.ask(domain)).toBe('here')
    status(await bench.stop(name), 200, 'stop')

    expect(await at.containers(name)).toEqual([])
  })
})
