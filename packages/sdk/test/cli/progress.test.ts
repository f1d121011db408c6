import {expect, test} from 'vitest'
import {jsonProgress, plainProgress} from '../../src/cli/progress/plain.ts'

test('of a failure of several lines, the line of a step shows the first; JSON has all of it', async () => {
  const failure = 'two things failed\n  web: no image\n  db: no disk'
  const [plain, json]: [string[], string[]] = [[], []]
  plainProgress((line) => plain.push(line))
    .start('apply')
    .fail(failure)
  jsonProgress((line) => json.push(line))
    .start('apply')
    .fail(failure)
  expect(plain.at(-1)).toMatch(/^• apply … failed \(\S+\): two things failed$/)
  expect(JSON.parse(json.at(-1) ?? '')).toMatchObject({status: 'failed', note: failure})
})
