import {configTools} from '@omni-cli/sdk/cli'
import {describe, expect, it} from 'vitest'
import {effectiveSettings} from '../../src/config/effective.ts'

const text = `current-context: lab
contexts:
  - name: lab
    namespace: one
    orca:
      url: http://a
      token: sekrit
preferences:
  output-format: wide
aliases:
  d: deploy
`

const originsWith = async (sources: {
  env?: Record<string, string>
  flags?: Record<string, string>
  context?: string
}) => {
  const rows = await effectiveSettings({
    env: sources.env ?? {},
    configFile: '/c.yaml',
    config: (await configTools()).parseConfig(text, '/c.yaml'),
    text,
    context: sources.context ?? 'lab',
    flags: sources.flags ?? {},
  })
  return Object.fromEntries(rows.map(({key, value, origin}) => [key, `${String(value)} (${origin})`]))
}

describe('where values come from', () => {
  it('is the line of the file', async () => {
    expect(await originsWith({env: {OMNI_HOME: '/h'}})).toMatchObject({
      home: '/h (env OMNI_HOME)',
      context: 'lab (/c.yaml:1)',
      output: 'wide (/c.yaml:9)',
      namespace: 'one (/c.yaml:4)',
      'orca.url': 'http://a (/c.yaml:6)',
      'orca.token': '*** (/c.yaml:7)',
      'preferences.auto-select-runtime': 'true (default)',
      'aliases.d': 'deploy (/c.yaml:11)',
    })
  })

  it('is the variable before the file, and the flag before both', async () => {
    const env = {OMNI_HOME: '/h', OMNI_OUTPUT: 'json', OMNI_CONTEXT: 'lab', OMNI_NAMESPACE: 'two'}

    expect(await originsWith({env, flags: {context: 'lab'}})).toMatchObject({
      context: 'lab (env OMNI_CONTEXT)',
      output: 'json (env OMNI_OUTPUT)',
      namespace: 'two (env OMNI_NAMESPACE)',
    })
    expect(await originsWith({env: {OMNI_HOME: '/h'}, flags: {context: 'lab', output: 'yaml'}})).toMatchObject({
      context: 'lab (flag --context)',
      output: 'yaml (flag --output)',
    })
  })
})
