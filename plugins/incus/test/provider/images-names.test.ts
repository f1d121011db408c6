import {describe, expect, it} from 'vitest'
import {foreignImage, imageSource} from '../../src/provider/images-names.ts'

const images = (alias: string) => ({from: 'remote', remote: 'images', alias})

describe('the image of a plan', () => {
  it.each([
    ['ubuntu:22.04', images('ubuntu/22.04/cloud')],
    ['ubuntu/22.04', images('ubuntu/22.04/cloud')],
    ['ubuntu:jammy', images('ubuntu/22.04/cloud')],
    ['jammy', images('ubuntu/22.04/cloud')],
    ['22.04', images('ubuntu/22.04/cloud')],
    ['noble', images('ubuntu/24.04/cloud')],
    ['lts', images('ubuntu/24.04/cloud')],
    ['ubuntu', images('ubuntu/24.04/cloud')],
    ['debian:12', images('debian/12/cloud')],
    ['debian/bookworm', images('debian/12/cloud')],
    ['fedora:42', images('fedora/42/cloud')],
    ['rocky:9', images('rockylinux/9/cloud')],
    ['arch', images('archlinux/cloud')],
    ['alpine/3.20/default', images('alpine/3.20/default')],
    ['images:alpine/3.20', images('alpine/3.20')],
    ['docker:nginx', {from: 'remote', remote: 'docker', alias: 'nginx'}],
    ['corp:base/1', {from: 'remote', remote: 'corp', alias: 'base/1'}],
    ['local:mine', {from: 'local', alias: 'mine'}],
    ['local:0123456789ab', {from: 'local', fingerprint: '0123456789ab'}],
    ['0123456789ab', {from: 'local', fingerprint: '0123456789ab'}],
  ])('%s is found', (text, source) => {
    expect(imageSource(text)).toEqual(source)
  })

  it.each(['mine', 'debian', 'constructor', ''])('%j means nothing by itself', (text) => {
    expect(imageSource(text)).toBeUndefined()
  })

  it('of a foreign machine is what a plan would write', () => {
    expect(foreignImage({'image.os': 'Debian', 'image.release': 'trixie'})).toBe('debian:13')
    expect(foreignImage({'image.os': 'Alpine', 'image.release': '3.20'})).toBe('alpine:3.20')
    expect(foreignImage({'volatile.base_image': 'a'.repeat(64)})).toBe('a'.repeat(12))
    expect(foreignImage({})).toBeUndefined()
  })
})
