import {describe, expect, it} from 'vitest'
import {rulesFind} from './rules-find.ts'
import {type Case, event, found, pod, waits} from './world.ts'

const pull = (message: string) => ({
  pods: [pod({status: waits('ErrImagePull', message), image: 'registry.example/denied:1'})],
})

const CASES: readonly Case[] = [
  {
    rule: 'image-name-invalid',
    when: 'the name is none',
    facts: {pods: [pod({status: waits('InvalidImageName', 'bad'), image: 'UPPER:::x'})]},
    message: "'UPPER:::x' is no name of an image",
  },
  {
    rule: 'image-never-pulled',
    when: 'it may not be pulled',
    facts: {pods: [pod({status: waits('ErrImageNeverPull', 'not present with pull policy of Never')})]},
    message: 'imagePullPolicy Never',
  },
  {
    rule: 'image-not-found',
    when: 'the registry has no such tag',
    facts: pull('failed to resolve reference "registry.example/denied:1": registry.example/denied:1: not found'),
    message: "the registry has no image 'registry.example/denied:1'",
  },
  {
    rule: 'image-forbidden',
    when: 'the registry wants a login',
    facts: pull('pull access denied, repository does not exist or may require authorization'),
    message: 'without the right login',
  },
  {
    rule: 'image-registry-unreachable',
    when: 'the registry is not reached',
    facts: pull('dial tcp: lookup registry.example: no such host'),
    message: 'does not reach the registry',
  },
  {
    rule: 'image-platform',
    when: 'it is for another processor',
    facts: pull('no match for platform in manifest'),
    message: 'not made for the processor',
  },
  {
    rule: 'image-pull',
    when: 'it fails otherwise; the event tells why while the container waits',
    facts: {
      pods: [pod({status: waits('ImagePullBackOff', 'Back-off pulling image')})],
      events: [event('Failed', 'Failed to pull image: something odd')],
    },
    message: 'cannot be pulled',
  },
  {
    rule: 'image-pulling',
    when: 'it is on its way',
    facts: {
      pods: [pod({status: waits('ContainerCreating')})],
      events: [{...event('Pulling', 'Pulling image'), type: 'Normal'}],
    },
    message: 'is being pulled',
    severity: 'info',
  },
]

describe('images', () => {
  rulesFind(CASES)

  it('the name of an image does not decide what went wrong with it', () => {
    expect(found(pull('registry.example/denied:1: not found')).map(({rule}) => rule)).toContain('image-not-found')
  })
})
