import {silentLogger} from '@omni-cli/sdk'
import {expect, test} from 'vitest'
import {Book} from '../../../src/runtimes/docker/book.ts'
import type {DockerContext} from '../../../src/runtimes/docker/context.ts'
import {react} from '../../../src/runtimes/docker/react.ts'
import type {RuntimeEvent} from '../../../src/runtimes/runtime.ts'

const identity = {service: 'web', index: 0, release: 'r1'}
const id = 'c1'
const labels = {'omni.owner': 'me', 'omni.service': 'web', 'omni.index': '0', 'omni.release': 'r1'}
const died = {Type: 'container', Action: 'die', Actor: {ID: id, Attributes: {...labels, exitCode: '137'}}, time: 1}

/** An Engine that does not answer questions about the container. */
function lifeOf({isUnlimited}: {readonly isUnlimited: boolean}) {
  const events: RuntimeEvent[] = []
  const questions: string[] = []
  const book = new Book()
  book.open(id, identity).isUnlimited = isUnlimited
  const context = {
    ...{owner: 'me', book, log: silentLogger, tidySoon: () => undefined},
    ...{adoptions: {find: () => undefined}, rooms: {vacate: () => undefined}},
    engine: {
      call: (_: string, path: string) => {
        questions.push(path)
        return new Promise(() => undefined)
      },
    },
    emit: (event: RuntimeEvent) => void events.push(event),
  } as unknown as DockerContext
  react(context, died)
  return {events, questions}
}

test('the end of a container without a memory limit is told without a question to the Engine', () => {
  const {events, questions} = lifeOf({isUnlimited: true})

  expect(questions).toEqual([])
  expect(events).toMatchObject([{type: 'exited', instance: {id, state: 'exited', exit: {code: 137}}}])
})

test('one with a limit, killed by nobody known, is told when the Engine has said whether it ran out of memory', () => {
  const {events, questions} = lifeOf({isUnlimited: false})

  expect(questions).toEqual([`/containers/${id}/json`])
  expect(events).toEqual([])
})
