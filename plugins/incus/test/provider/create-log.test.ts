import {describe, expect, it} from 'vitest'
import {complaintsIn} from '../../src/provider/create-log.ts'

describe('the log of a start that failed', () => {
  it('gives the first reasons, without the aftermath and safe to print', () => {
    const log = [
      'lxc web 20261121145021.100 WARN     conf - ../src/lxc/conf.c:map:1 - nothing',
      'lxc web 20261121145021.101 ERROR    utils - ../src/lxc/utils.c:mount:7 - No such file \u001b[2J "/no"',
      'lxc 20261121145021.893 ERROR    af_unix - ../src/lxc/af_unix.c:recv:218 - Connection reset by peer',
      'lxc web 20261121145021.894 ERROR    start - ../src/lxc/start.c:start:2 - Failed to spawn',
      '',
    ].join('\n')
    const found = complaintsIn(log, 'container')
    expect(found).toHaveLength(2)
    expect(found[0]).toMatch(/^No such file .*"\/no"$/)
    expect(found.join('')).not.toContain('\u001b')
    expect(complaintsIn('', 'container')).toEqual([])
    expect(complaintsIn('qemu: no kvm\n', 'virtual-machine')).toEqual(['qemu: no kvm'])
  })
})
