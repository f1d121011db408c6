import {describe, expect, it} from 'vitest'
import type {CommandWords, FlagWords} from '../../src/completion/command-words.ts'
import {type CompletionSource, complete} from '../../src/completion/complete.ts'

const flag = (name: string, more: Partial<FlagWords> = {}): FlagWords => ({
  name,
  summary: `the ${name}`,
  takesValue: false,
  allowNo: false,
  ...more,
})

const COMMANDS: Record<string, CommandWords> = {
  logs: {
    args: [{name: 'service'}],
    flags: [
      flag('level', {takesValue: true, options: ['info', 'error']}),
      flag('follow', {char: 'f'}),
      flag('file', {takesValue: true}),
    ],
    isOpen: false,
  },
  start: {args: [], flags: [], isOpen: true},
  stop: {
    args: [{name: 'service'}],
    flags: [flag('wait', {allowNo: true}), flag('context', {char: 'c', takesValue: true})],
    isOpen: true,
  },
  completion: {args: [{name: 'shell', options: ['bash', 'zsh']}], flags: [], isOpen: false},
  server: {args: [], flags: [], isOpen: false},
  'topic deep er': {args: [], flags: [], isOpen: false},
  'server start': {args: [{name: 'dir'}], flags: [], isOpen: false},
}

const source: CompletionSource = {
  children: (words) =>
    Object.keys(COMMANDS)
      .filter((name) => name.startsWith(words.map((word) => `${word} `).join('')))
      .map((name) => name.split(' ').slice(words.length))
      .flatMap(([first]) => (first === undefined ? [] : [[first, ''] as const])),
  command: (words) => COMMANDS[words.join(' ')],
  values: ({name, before}) => {
    if (name === 'dir' || name === 'file') return 'files'
    if (name === 'service')
      return [
        ['web', 'running'],
        ['worker', 'stopped'],
        ['api:v2', ''],
      ]
    return [
      [`${name}-value`, ''],
      [`after-${before.length}`, ''],
    ]
  },
}

const valuesFor = (line: string) => {
  const found = complete(line.split(' '), source)
  return found === 'files' ? found : [...new Set(found.map(([value]) => value))]
}

describe('candidates for the last word of', () => {
  it.each([
    ['lo', ['logs']],
    ['s', ['start', 'stop', 'server']],
    ['start ', ['target-value', 'after-0']],
    ['start web ', ['target-value', 'after-1']],
    ['nope x', []],
    ['nope ', []],
    ['logs ', ['web', 'worker', 'api:v2']],
    ['logs w', ['web', 'worker']],
    ['logs web ', []],
    ['logs --', ['--level', '--follow', '--file']],
    ['logs --level ', ['info', 'error']],
    ['logs --level e', ['error']],
    ['logs --level=e', ['--level=error']],
    ['logs --level error w', ['web', 'worker']],
    ['logs --file ', 'files'],
    ['logs -f w', ['web', 'worker']],
    ['logs -- --', []],
    ['stop web ', ['worker', 'api:v2']],
    ['stop --no', ['--no-wait']],
    ['stop -c x w', ['web', 'worker']],
    ['stop -c c', ['context-value']],
    ['completion z', ['zsh']],
    ['server ', ['start']],
    ['topic ', ['deep']],
    ['topic deep ', ['er']],
    ['server start ./', 'files'],
  ])('omni %s', (line, expected) => {
    expect(valuesFor(line)).toEqual(expected)
  })
})
