import {exchange} from '../api.ts'
import type {CheckContext, ConformanceCheck} from '../check.ts'
import {contains, equal, ok, status} from '../expect.ts'

async function withSecret(context: CheckContext, work: (key: string, value: string) => Promise<void>): Promise<void> {
  const {api, bench} = context
  const [key, value] = [`KEY_${bench.mark.toUpperCase()}`, `value-of-${bench.mark}`]
  const answer = await api.send('POST', `/api/v1/secrets/${key}`, {json: {value}})
  ok(answer.status < 300, `the secret was not taken: ${answer.status} ${answer.text}`)
  try {
    await work(key, value)
  } finally {
    await api.send('DELETE', `/api/v1/secrets/${key}`)
  }
}

/** Values that are named and never shown. */
export const secretChecks: readonly ConformanceCheck[] = [
  {
    group: 'secrets',
    name: 'a deploy that needs a secret nobody has set is refused, and names the key',
    async run({bench}) {
      const name = bench.name()
      const answer = await bench.deploy(bench.service(name, {env: {DB: `x-\${secrets.NOT_THERE_AT_ALL}`}}))
      ok(answer.status >= 400, `answered ${answer.status} ${answer.text}`)
      contains(answer.text, 'NOT_THERE_AT_ALL', 'refusal')
    },
  },
  {
    group: 'secrets',
    name: 'an app sees the value, and no answer of the server does',
    needs: ['app', 'proxy', 'omni'],
    run: (context) =>
      withSecret(context, async (key, value) => {
        const {api, bench, proxy} = context
        const [name, host] = [bench.name(), `${bench.mark}.example.test`]
        await bench.deployed(bench.service(name, {domain: host, env: {URL: `a:\${secrets.${key}}@b`}}))
        const seen = await exchange(proxy, {method: 'GET', path: '/env', headers: {host}, body: undefined})
        equal((seen.json() as Record<string, string>).URL, `a:${value}@b`, 'environment of the app')
        for (const path of [
          'status',
          `services/${name}`,
          `services/${name}/releases`,
          'secrets',
          'events?follow=false',
        ]) {
          const answer = await api.send('GET', `/api/v1/${path}`)
          status(answer, 200, path)
          ok(!answer.text.includes(value), `${path} shows the value`)
        }
      }),
  },
]
