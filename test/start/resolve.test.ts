import {describe, expect, it} from 'vitest'
import {resolve, type Vocabulary} from '../../src/start/resolve.ts'

const COMMANDS = new Set(['up', 'server', 'server:start', 'alias', 'alias:remove', 'plugin:list', 'a:b:c'])
const ALIASES: Record<string, string> = {plugin: 'plugin:list', 'alias:rm': 'alias:remove'}
const TOPICS = new Set(['server', 'alias', 'plugin', 'a', 'a:b'])
const vocabulary: Vocabulary = {
  has: (id) => COMMANDS.has(id),
  alias: (id) => (Object.hasOwn(ALIASES, id) ? ALIASES[id] : undefined),
  isTopic: (id) => TOPICS.has(id),
}

const command = (id: string, ...args: string[]) => ({type: 'command', id, args})
const help = (id?: string) => (id === undefined ? {type: 'root'} : {type: 'help', id})
const unknown = (...words: string[]) => ({type: 'unknown', words})

describe('what a command line means', () => {
  it.each([
    ['up', command('up')],
    ['up . --wait', command('up', '.', '--wait')],
    ['server start x', command('server:start', 'x')],
    ['server x', command('server', 'x')],
    ['server:start x', command('server:start', 'x')],
    ['a:b c x', command('a:b:c', 'x')],
    ['plugin', command('plugin:list')],
    ['alias rm d', command('alias:remove', 'd')],
    ['up -- --help', command('up', '--', '--help')],
    ['', help()],
    ['--help', help()],
    ['help', help()],
    ['help up', help('up')],
    ['help server start', help('server:start')],
    ['up --help', help('up')],
    ['up . -h', help('up')],
    ['server --help', help('server')],
    ['plugin --help', help('plugin')],
    ['plugin list --help', help('plugin:list')],
    ['a', help('a')],
    ['a b', help('a:b')],
    ['plugin lsit x', unknown('plugin', 'lsit')],
    ['upp', unknown('upp')],
    ['upp . --wait', unknown('upp')],
    ['a x', unknown('a', 'x')],
    ['a b x y', unknown('a', 'b', 'x')],
    ['--wait', unknown('--wait')],
    ['__proto__', unknown('__proto__')],
    ['constructor', unknown('constructor')],
  ])('%s', (line, expected) => {
    expect(resolve(line.split(' ').filter(Boolean), vocabulary)).toEqual(expected)
  })
})
