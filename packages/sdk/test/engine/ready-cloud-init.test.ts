import {expect, test} from 'vitest'
import {failingLines, judgeCloudInit} from '../../src/engine/ready-cloud-init.ts'
import {judgeInstance} from '../../src/engine/ready-look.ts'
import {probeUrl} from '../../src/engine/ready-probe.ts'

test.each([
  ['done', 0, '{"status": "done", "errors": []}', '', {state: 'done', warnings: []}],
  ['done after the dots of --wait', 0, '.....\n{"status": "done"}', '', {state: 'done', warnings: []}],
  ['the text of old programs', 0, '..\nstatus: done\n', '', {state: 'done', warnings: []}],
  [
    'done with errors it got over',
    2,
    '{"status": "done", "extended_status": "degraded done", "recoverable_errors": {"WARNING": ["a", "b"]}}',
    '',
    {state: 'done', warnings: ['a', 'b']},
  ],
  ['degraded as a status', 2, '{"status": "degraded done"}', '', {state: 'done', warnings: []}],
  ['an error', 1, '{"status": "error", "errors": ["boom"]}', '', {state: 'failed', errors: ['boom']}],
  ['an error in words', 1, 'status: error', '', {state: 'failed', errors: []}],
  ['turned off', 0, '{"status": "disabled"}', '', {state: 'failed', errors: ['cloud-init is turned off in the image']}],
  ['no cloud-init', 127, '', 'not found', {state: 'absent'}],
  ['too early', 129, '', 'dbus is\nnot up', {state: 'pending', seen: 'not up'}],
  ['too early, without a word', 1, '', '', {state: 'pending', seen: 'cloud-init ended with 1'}],
  ['still at it', 0, '{"status": "running"}', '', {state: 'pending', seen: 'status running'}],
  ['not begun', 1, '{"status": "not started"}', '', {state: 'pending', seen: 'status not started'}],
  ['half an answer', 137, '{"status": "do', '', {state: 'pending', seen: 'cloud-init ended with 137'}],
])('cloud-init: %s', (_, exitCode, stdout, stderr, verdict) => {
  expect(judgeCloudInit({exitCode, stdout, stderr})).toEqual(verdict)
})

test.each([
  ['what leads up to the last failure', 'a\nFailed x\n\nb\nTraceback\nc\n', ['a', 'Failed x', 'b', 'Traceback']],
  ['its end when nothing failed', 'a\nb', ['a', 'b']],
  [
    'at most twenty lines',
    Array.from({length: 50}, (_, i) => `line ${i}`).join('\n'),
    expect.objectContaining({length: 20}),
  ],
])('of the log it shows %s', (_, log, lines) => {
  expect(failingLines(log)).toEqual(lines)
})

test.each([
  ['running', 'up'],
  ['stopped', 'stopped'],
  ['error', 'lost'],
  ['frozen', 'lost'],
  ['starting', 'coming'],
  ['stopping', 'coming'],
  ['unknown', 'coming'],
] as const)('a machine that is %s is %s', (status, state) => {
  expect(judgeInstance({status})).toMatchObject({state})
})

test('a machine that is gone is lost', () => {
  expect(judgeInstance(undefined)).toMatchObject({state: 'lost'})
})

test.each([
  [':8080/health', '10.0.0.2', 'http://10.0.0.2:8080/health'],
  ['/x?y=1', '10.0.0.2', 'http://10.0.0.2/x?y=1'],
  ['https://:8443', 'fd00::2', 'https://[fd00::2]:8443/'],
  ['http://example.test/x', '10.0.0.2', 'http://example.test/x'],
])('the probe %s of %s asks %s', (probe, address, url) => {
  expect(probeUrl(probe, address)).toBe(url)
})

test.each(['', 'health', 'ftp://x', ':99999'])('%j is no address of a probe', (probe) => {
  expect(() => probeUrl(probe, '10.0.0.2')).toThrow(/no address like/)
})
