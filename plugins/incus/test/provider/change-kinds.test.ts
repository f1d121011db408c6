import {describe, expect, it} from 'vitest'
import {changeKindsOf} from '../../src/provider/change-kinds.ts'
import type {Setting} from '../../src/provider/change-kinds-settings.ts'

const live: Setting = {type: 'string', isLive: true}
const settings = new Map<string, Setting>([
  ['limits.cpu', live],
  ['limits.memory', live],
  ['limits.processes', {type: 'integer', isLive: true, only: 'container'}],
  ['environment.*', live],
  ['security.privileged', {type: 'bool', isLive: false, only: 'container'}],
  ['boot.autostart', {type: 'bool', isLive: false}],
  ['user.*', live],
])

describe('what a change costs', () => {
  const cost = (path: string, type: 'container' | 'vm' = 'container', status: 'running' | 'stopped' = 'running') => {
    const devices = {data: {type: 'disk'}, eth1: {type: 'nic'}}
    return changeKindsOf({type, status, settings: {devices}}, [path], settings)[path]
  }

  it.each([
    ['metadata.role', 'live', 'live'],
    ['cpus', 'live', 'live'],
    ['memory', 'live', 'restart'],
    ['disk', 'live', 'restart'],
    ['ports', 'live', 'restart'],
    ['mounts', 'live', 'restart'],
    ['protect', 'live', 'live'],
    ['autostart', 'live', 'live'],
    ['profiles', 'restart', 'restart'],
    ['network.ipv4', 'restart', 'restart'],
    ['devices.data.path', 'live', 'restart'],
    ['devices.eth1.network', 'restart', 'restart'],
    ['devices.new', 'live', 'restart'],
    ['config.environment.A', 'live', 'live'],
    ['config.limits.processes', 'live', 'restart'],
    ['config.security.privileged', 'restart', 'restart'],
    ['config.boot.autostart', 'live', 'live'],
    ['config.snapshots.schedule', 'live', 'live'],
    ['config.unheard.of', 'restart', 'restart'],
    ['config.cloud-init.vendor-data', 'rebuild', 'rebuild'],
    ['config.user.user-data', 'rebuild', 'rebuild'],
    ['config.user.x', 'live', 'live'],
    ['cloud_init', 'rebuild', 'rebuild'],
    ['image', 'rebuild', 'rebuild'],
    ['type', 'replace', 'replace'],
    ['unheard', 'replace', 'replace'],
  ])('%s: %s for a container, %s for a virtual machine', (path, container, vm) => {
    expect([cost(path), cost(path, 'vm')]).toEqual([container, vm])
  })

  it('is no restart for what is stopped', () => {
    expect(cost('profiles', 'vm', 'stopped')).toBe('live')
    expect(cost('image', 'vm', 'stopped')).toBe('rebuild')
  })
})
