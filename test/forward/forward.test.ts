import type {ForwardFacet} from '@omni-cli/sdk'
import {OmniError} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {forwardText, openForwards} from '../../src/forward/open-forwards.ts'
import {parseForward} from '../../src/forward/port-words.ts'

describe('words of a port-forward', () => {
  it.each([
    [['web'], {name: 'web', ports: [{local: 0, remote: undefined}]}],
    [['web', '8080'], {name: 'web', ports: [{local: 8080, remote: 8080}]}],
    [
      ['service', 'web', '9000:8080', ':9090', '0:80'],
      {
        name: 'web',
        ports: [
          {local: 9000, remote: 8080},
          {local: 0, remote: 9090},
          {local: 0, remote: 80},
        ],
      },
    ],
    [['service/web', '1:2'], {name: 'web', ports: [{local: 1, remote: 2}]}],
  ])('%j', (words, expected) => {
    expect(parseForward(words)).toEqual(expected)
  })

  it.each([
    [[], 'name one service'],
    [['8080'], 'name one service'],
    [['web', '0'], "'0' is no port"],
    [['web', '80:'], "'80:' is no port"],
    [['web', '65536'], "'65536' is no port"],
    [['web', '70000:80'], "'70000:80' is no port"],
    [['web', '8080', 'http'], "'http' is no port"],
    [['web', '80:1', '80:2'], 'the port 80 of this machine is named twice'],
    [['instance/web', '80'], 'there is no kind'],
  ])('%j is refused', (words, message) => {
    expect(() => parseForward(words)).toThrow(
      expect.objectContaining({code: 'USAGE', message: expect.stringContaining(message)}),
    )
  })
})

/** A facet that cannot open port 13, and knows what is open. */
function recorder() {
  const open = new Set<number | undefined>()
  const facet: ForwardFacet = {
    async open(_, {local, remote}) {
      if (remote === 13) throw new OmniError('CONFLICT', 'the port is in use')
      open.add(remote)
      return {
        address: `127.0.0.1:${local || 40_000}`,
        replica: 'web-0',
        [Symbol.asyncDispose]: async () => void open.delete(remote),
      }
    },
  }
  return {open, facet}
}

describe('ports', () => {
  it('are open until they are let go', async () => {
    const {open, facet} = recorder()
    const ports = [
      {local: 9000, remote: 8080},
      {local: 0, remote: undefined},
    ]
    const opened = await openForwards(facet, {name: 'web', ports})

    expect(open.size).toBe(2)
    expect(opened.forwards).toEqual([
      {address: '127.0.0.1:9000', replica: 'web-0', remote: 8080},
      {address: '127.0.0.1:40000', replica: 'web-0'},
    ])
    expect(opened.forwards.map(forwardText)).toEqual([
      '127.0.0.1:9000 leads to port 8080 of web-0',
      '127.0.0.1:40000 leads to the port of web-0',
    ])
    await opened[Symbol.asyncDispose]()
    expect(open.size).toBe(0)
  })

  it('are all open, or none', async () => {
    const {open, facet} = recorder()
    const ports = [8080, 13].map((remote) => ({local: 0, remote}))
    await expect(openForwards(facet, {name: 'web', ports})).rejects.toMatchObject({code: 'CONFLICT'})
    expect(open.size).toBe(0)
  })
})
