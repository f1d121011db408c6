import {describe, expect, it} from 'vitest'
import {hasLabels, labelConfig, labelFilter, labelsOf, withLabels, withoutLabels} from '../../src/provider/labels.ts'

describe('labels on Incus', () => {
  const odd = {
    role: 'worker',
    'omni.plan': 'demo',
    note: '',
    'a b=c/é': 'x\ny "z" =',
    'user-data': 'a label, not cloud-init',
    'omni.labels': 'mine',
    'omni.label.x': 'y',
    constructor: 'c',
    ['k'.repeat(63)]: 'long',
  }

  it('come back equal, whatever their names and values', () => {
    expect(labelsOf(labelConfig(odd))).toEqual(odd)
  })

  it('never write a key that cloud-init reads, nor an empty value', () => {
    const config = labelConfig(odd)
    expect(Object.hasOwn(config, 'user.user-data')).toBe(false)
    expect(Object.values(config)).not.toContain('')
  })

  it('do not show what others keep on a machine of ours', () => {
    const config = {...labelConfig({role: 'db'}), 'user.created_by': 'terraform', 'user.user-data': '#cloud-config'}
    expect(labelsOf(config)).toEqual({role: 'db'})
    expect(withLabels(config, {role: 'web'})).toMatchObject({'user.created_by': 'terraform', 'user.role': 'web'})
    expect(withoutLabels(config)).toEqual({'user.created_by': 'terraform', 'user.user-data': '#cloud-config'})
  })

  it('are all user keys on a machine that is not ours, without those of cloud-init', () => {
    const config = {'user.team': 'a', 'user.network-config': 'version: 2', 'limits.cpu': '2', 'user.omni.labels': '{'}
    expect(labelsOf(config)).toEqual({team: 'a'})
  })

  it('are filtered by the server only where they need no quoting', () => {
    expect(labelFilter({'omni.plan': 'demo', role: 'worker'})).toBe(
      'config.user.omni.plan eq demo and config.user.role eq worker',
    )
    expect(labelFilter({role: 'a b'})).toBeUndefined()
    expect(labelFilter({})).toBeUndefined()
  })

  it('are compared whole', () => {
    expect(hasLabels({role: 'worker-10'}, {role: 'worker-1'})).toBe(false)
    expect(hasLabels({}, {constructor: 'x'})).toBe(false)
    expect(hasLabels({role: 'db', a: 'b'}, {role: 'db'})).toBe(true)
  })
})
