import {describe, expect, it} from 'vitest'
import * as requests from '../src/client/requests.ts'
import {imageWord} from '../src/provider/image-names.ts'

describe('requests that launch', () => {
  const web = {name: 'web', image: '22.04', hasUserData: false, timeoutS: 900}

  it.each<[string, requests.Words, string[]]>([
    ['a launch with nothing', requests.launch(web), ['launch', '22.04', '--name', 'web', '--timeout', '900']],
    [
      'a launch with sizes in whole bytes, and user data on standard input',
      requests.launch({...web, cpus: 2, memoryBytes: 1_000_000_000, diskBytes: 10_737_418_240, hasUserData: true}),
      [
        'launch',
        '22.04',
        '--name',
        'web',
        '--cpus',
        '2',
        '--memory',
        '1000000000',
        '--disk',
        '10737418240',
        '--cloud-init',
        '-',
        '--timeout',
        '900',
      ],
    ],
    [
      'a launch on further networks',
      requests.launch({...web, network: {name: 'br0', mac: '00:16:3e:12:34:56'}, bridged: true}),
      [
        'launch',
        '22.04',
        '--name',
        'web',
        '--network',
        'name=br0,mac=00:16:3e:12:34:56',
        '--bridged',
        '--timeout',
        '900',
      ],
    ],
  ])('%s', (_, words, expected) => {
    expect(words).toEqual(expected)
  })
})

describe('requests about one machine', () => {
  it.each<[string, requests.Words, string[]]>([
    ['all machines', requests.info(), ['info', '--no-runtime-information', '--format', 'json']],
    ['one machine', requests.info('web'), ['info', 'web', '--no-runtime-information', '--format', 'json']],
    ['a removal', requests.remove('web'), ['delete', '--purge', 'web']],
    ['a removal of a snapshot', requests.removeSnapshot('web', 'one'), ['delete', '--purge', 'web.one']],
    ['a stop', requests.stop('web'), ['stop', 'web']],
    ['a cut-off', requests.stop('web', true), ['stop', '--force', 'web']],
    ['a size', requests.set('web', 'memory', 1_073_741_824), ['set', 'local.web.memory=1073741824']],
    ['a mount', requests.mount('/srv/a b', 'web', '/mnt'), ['mount', '/srv/a b', 'web:/mnt']],
    ['a snapshot', requests.snapshot('web', 'one'), ['snapshot', 'web', '--name', 'one']],
    ['a restore', requests.restore('web', 'one'), ['restore', 'web.one', '--destructive']],
    ['a clone', requests.clone('web', 'twin'), ['clone', 'web', '--name', 'twin']],
    ['an upload', requests.upload('web', '/tmp/x'), ['transfer', '-', 'web:/tmp/x']],
  ])('%s', (_, words, expected) => {
    expect(words).toEqual(expected)
  })
})

describe('requests that run programs', () => {
  it.each<[string, requests.Words, string[]]>([
    [
      'a program as root',
      requests.exec({name: 'web', argv: ['ls', '-n', '--', '$HOME']}),
      [
        'exec',
        'web',
        '--no-map-working-directory',
        '--',
        'sudo',
        '-n',
        '-H',
        '--',
        'env',
        '--',
        'ls',
        '-n',
        '--',
        '$HOME',
      ],
    ],
    [
      'a program as somebody else, somewhere, with an environment',
      requests.exec({name: 'web', argv: ['id'], user: 'ubuntu', cwd: '/srv', env: {A: 'b c'}}),
      [
        'exec',
        'web',
        '--no-map-working-directory',
        '--',
        'sudo',
        '-n',
        '-H',
        '-u',
        'ubuntu',
        '--',
        'env',
        '-C',
        '/srv',
        '--',
        'A=b c',
        'id',
      ],
    ],
    [
      'a program as the user of a number',
      requests.exec({name: 'web', argv: ['id'], user: '1000'}),
      ['exec', 'web', '--no-map-working-directory', '--', 'sudo', '-n', '-H', '-u', '#1000', '--', 'env', '--', 'id'],
    ],
  ])('%s', (_, words, expected) => {
    expect(words).toEqual(expected)
  })
})

describe('image names', () => {
  it.each([
    ['ubuntu:22.04', '22.04'],
    ['ubuntu/22.04/cloud', '22.04'],
    ['22.04', '22.04'],
    ['jammy', '22.04'],
    ['ubuntu:noble', '24.04'],
    ['ubuntu', 'lts'],
    ['lts', 'lts'],
    ['daily:24.10', 'daily:24.10'],
    ['https://example.org/x.img', 'https://example.org/x.img'],
    ['file:///srv/x.img', 'file:///srv/x.img'],
  ])('%s is %s', (image, word) => {
    expect(imageWord(image, false)).toBe(word)
  })

  it.each([
    'debian:12',
    'debian',
    'fedora',
    'alpine:3.20',
    'alpine',
    'docker:nginx',
    'local:mine',
    'images:debian/12',
    '-x',
  ])('%s is none that it had before 1.17', (image) => {
    expect(imageWord(image, false)).toBeUndefined()
  })

  it.each([
    ['debian:13', 'debian'],
    ['trixie', 'debian'],
    ['debian:12', undefined],
    ['fedora', 'fedora'],
    ['fedora:41', undefined],
  ])('since 1.17 %s is %s', (image, word) => {
    expect(imageWord(image, true)).toBe(word)
  })
})
