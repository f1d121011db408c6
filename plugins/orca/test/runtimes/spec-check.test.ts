import type {ServiceInput} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {specProblems, specWarnings} from '../../src/runtimes/process/spec-check.ts'
import {specOf} from './test-home.ts'

describe('what processes cannot run', () => {
  it.each<[Partial<ServiceInput>, RegExp]>([
    [{image: 'nginx'}, /image 'nginx' needs a container engine/],
    [{image: 'nginx', command: 'nginx'}, /needs a container engine/],
    [{runtime: 'container', command: 'x'}, /runtime 'container' needs a container engine/],
    [{module: 'x.wasm'}, /wasm/],
    [{runtime: 'wasm', command: 'x'}, /wasm/],
    [{}, /there is no command/],
    [{command: 'a && b'}, /command: '&&' needs a shell/],
    [{command: 'x', build: {dockerfile: 'Dockerfile'}}, /build.dockerfile needs a container engine/],
    [{command: 'x', build: {repo: 'https://example.org/x.git'}}, /build.repo/],
    [{command: 'x', build: {commands: ["echo 'x"]}}, /build.commands\[0\]: .*quote/],
    [{command: 'x', mounts: ['/a:/b']}, /mounts/],
    [{command: 'x', working_dir: '/etc'}, /working_dir/],
    [{command: 'x', working_dir: 'a/../../b'}, /working_dir/],
    [{command: 'x', volume: {path: '/data'}}, /volume.path/],
    [{command: 'x', volume: {path: './'}}, /volume.path/],
    [{command: 'x', user: 'no-such-user'}, /user/],
    [{command: 'x', env: {A: 'a\0b'}}, /env.A/],
  ])('%j', (input, problem) => {
    expect(specProblems(specOf(input)).join('\n')).toMatch(problem)
  })

  it.each<[Partial<ServiceInput>]>([
    [{command: 'node x.js', port: 80, working_dir: 'sub/dir', volume: {path: 'data/db'}}],
    [{command: ['node', 'x.js'], build: {commands: ['npm ci', ['npm', 'run', 'build']]}}],
    [{command: 'x', runtime: 'process', image: 'ignored'}],
  ])('%j is fine', (input) => {
    expect(specProblems(specOf(input))).toEqual([])
  })
})

describe('what is accepted but not enforced', () => {
  const limited = specOf({command: 'x', resources: {memory: '64Mi', cpu: 0.5}})

  it('are limits where control groups are closed to us', () => {
    expect(specWarnings(limited, undefined)).toHaveLength(2)
    expect(specWarnings(limited, {version: 1, memory: '/m'})).toEqual([expect.stringContaining('resources.cpu')])
    expect(specWarnings(limited, {version: 2, memory: '/m', cpu: '/m'})).toEqual([])
  })

  it('are what only containers have', () => {
    const spec = specOf({command: 'x', volume: {path: 'a', size: '1Gi'}, network: 'n', extra_ports: ['1:1']})
    expect(specWarnings(spec, undefined)).toHaveLength(3)
  })
})
