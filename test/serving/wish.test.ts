import {describe, expect, it} from 'vitest'
import {canaryShare, parseTrafficSplit, withoutBareCanary} from '../../src/serving/traffic-split.ts'
import {autoscaleWish, parseTarget, type ServingWish, servingSpec} from '../../src/serving/wish.ts'

const base = {name: 'chat', model: 'tiny'}

describe('what the flags of a deploy mean', () => {
  it.each<[string, Partial<ServingWish>, object]>([
    ['one replica when nothing is said', {}, {minReplicas: 1, maxReplicas: 1}],
    ['a fixed number', {replicas: 3}, {minReplicas: 3, maxReplicas: 3}],
    [
      'a range scales by CPU',
      {minReplicas: 2, maxReplicas: 10},
      {minReplicas: 2, maxReplicas: 10, autoscale: {metric: 'cpu', target: 80}},
    ],
    [
      'the seed of everything',
      {replicas: 3, autoscale: true, minReplicas: 1, maxReplicas: 10},
      {minReplicas: 1, maxReplicas: 10},
    ],
    ['up to three when nothing says up to where', {autoscale: true}, {minReplicas: 1, maxReplicas: 3}],
    [
      'a metric of its own',
      {autoscale: true, metric: 'queue', target: 4},
      {autoscale: {metric: 'queue', target: 4}, maxReplicas: 3},
    ],
    [
      'the same lower and upper end is a fixed number',
      {minReplicas: 2, maxReplicas: 2},
      {minReplicas: 2, maxReplicas: 2},
    ],
  ])('%s', (_, wish, spec) => {
    expect(servingSpec({...base, ...wish})).toMatchObject(spec)
  })

  it.each<[Partial<ServingWish>, string]>([
    [{replicas: 5, minReplicas: 1, maxReplicas: 3}, 'do not lie between'],
    [{minReplicas: 4, maxReplicas: 2, autoscale: true}, 'is less than'],
    [{metric: 'queue'}, 'what is queue to be aimed at?'],
    [{replicas: 5000}, 'too many'],
  ])('%j is refused', (wish, message) => {
    expect(() => servingSpec({...base, ...wish})).toThrow(message)
  })

  it('follows the preferences where nothing is said', () => {
    expect(servingSpec(base, {'default-runtime': 'vllm'}).runtime).toBe('vllm')
    expect(servingSpec(base, {'default-runtime': 'vllm', 'auto-select-runtime': true}).runtime).toBeUndefined()
    expect(servingSpec({...base, runtime: 'auto'}, {'default-runtime': 'vllm'}).runtime).toBeUndefined()
    expect(servingSpec({...base, runtime: 'mine'}, {'auto-select-runtime': true}).runtime).toBe('mine')
    expect(() => servingSpec(base, {'auto-select-runtime': false})).toThrow('which runtime?')
    expect(servingSpec(base, {'auto-scaling': true})).toMatchObject({minReplicas: 1, maxReplicas: 3})
    expect(servingSpec({...base, replicas: 2}, {'auto-scaling': true})).toMatchObject({maxReplicas: 2})
    expect(servingSpec({...base, autoscale: false}, {'auto-scaling': true})).not.toHaveProperty('autoscale')
  })

  it('aims at what a metric usually is aimed at', () => {
    expect(autoscaleWish({metric: 'cpu'})).toEqual({metric: 'cpu', target: 80})
    expect(() => parseTarget('-1')).toThrow('no positive number')
  })
})

describe('a traffic split', () => {
  it('is two percentages that make 100', () => {
    expect(parseTrafficSplit('prev:90,canary:10')).toBe(10)
    expect(parseTrafficSplit('canary:25%, stable:75%')).toBe(25)
  })

  it.each(['prev:90', 'prev:90,canary:20', 'a:50,b:50', 'prev:x,canary:1', ''])("'%s' is refused", (text) => {
    expect(() => parseTrafficSplit(text)).toThrow('--traffic-split')
  })

  it('goes together with --canary without a number', () => {
    expect(withoutBareCanary(['m', '--canary', '--traffic-split', 'x'])).toEqual(['m', '--traffic-split', 'x'])
    expect(withoutBareCanary(['--canary', '20', '--', '--canary'])).toEqual(['--canary', '20', '--', '--canary'])
    expect(canaryShare({isAsked: true, canary: undefined, split: 'prev:90,canary:10'})).toBe(10)
    expect(() => canaryShare({isAsked: true, canary: undefined, split: undefined})).toThrow('how many percent')
    expect(() => canaryShare({isAsked: true, canary: 20, split: 'prev:90,canary:10'})).toThrow('contradict')
  })
})
