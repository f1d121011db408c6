import type {Contribution, Session} from '@omni-cli/sdk/cli'
import {describe, expect, it} from 'vitest'
import {facetMatrices, facetsOf, reportProviders} from '../../src/context/providers.ts'

const contribution = (id: string): Contribution => ({
  kind: 'service',
  id,
  title: id,
  plugin: 'p',
  module: '/m',
  priority: 0,
})

const sessionWith = (providers: Readonly<Record<string, object>>): Session =>
  ({
    openAll: async (kind: string) =>
      kind === 'service'
        ? Object.entries(providers).map(([id, provider]) => ({contribution: contribution(id), provider}))
        : [],
  }) as unknown as Session

const report = (providers: Readonly<Record<string, object>>) =>
  reportProviders(sessionWith(providers), {signal: new AbortController().signal})

describe('the report of a driver', () => {
  it('tells health and facets', async () => {
    const orca = {
      name: 'orca',
      traits: {},
      logs: {read: () => []},
      exec: undefined,
      list: () => [],
      check: async () => ({ok: true, version: '1'}),
    }

    expect(await report({orca})).toEqual([
      {
        kind: 'service',
        id: 'orca',
        title: 'orca',
        plugin: 'p',
        ok: true,
        version: '1',
        message: undefined,
        hint: undefined,
        facets: ['logs'],
      },
    ])
  })

  it('tells why one cannot be had, and the others are still there', async () => {
    const reports = await report({
      broken: Object.assign(new Error('boom at load'), {hint: 'omni doctor'}),
      throws: {check: () => Promise.reject(new Error('no socket'))},
      down: {check: async () => ({ok: false, message: 'not running', hint: 'start it'})},
      simple: {},
    })

    expect(reports.map(({id, ok, message, hint}) => [id, ok, message, hint])).toEqual([
      ['broken', false, 'boom at load', 'omni doctor'],
      ['throws', false, 'no socket', undefined],
      ['down', false, 'not running', 'start it'],
      ['simple', true, undefined, undefined],
    ])
  })

  it('finds facets of classes, too', () => {
    class Driver {
      readonly name = 'x'
      get logs() {
        return {}
      }
      list() {
        return []
      }
    }

    expect(facetsOf(new Driver())).toEqual(['logs'])
  })

  it('becomes a table of who can do what', async () => {
    const reports = await report({a: {logs: {}, exec: {}}, b: {logs: {}}})

    expect(facetMatrices(reports)).toEqual([
      {
        corner: 'service',
        columns: ['a', 'b'],
        rows: [
          {name: 'exec', cells: ['yes', '']},
          {name: 'logs', cells: ['yes', 'yes']},
        ],
      },
    ])
  })
})
