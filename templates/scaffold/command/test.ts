import {expect, it} from 'vitest'
import {__camel__} from '__source__'

it('__words__ tells the name', async () => {
  expect(await __camel__('web', {})).toEqual({name: 'web'})
})
