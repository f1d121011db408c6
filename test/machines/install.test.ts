import {type InstallPlan, type InstallStep, type InstanceProvider, OmniError} from '@omni-cli/sdk'
import {createMemoryInstances} from '@omni-cli/testkit'
import {expect, test} from 'vitest'
import {ensureInstalled, type InstallHost} from '../../src/machines/install.ts'
import {commandText} from '../../src/machines/install-text.ts'

const step = (fields: Partial<InstallStep> = {}): InstallStep => ({
  title: 'install it',
  argv: ['apt-get', 'install', 'engine'],
  needsRoot: true,
  ...fields,
})

const planOf = (...steps: InstallStep[]): InstallPlan => ({isReady: steps.length === 0, steps, remarks: ['a remark']})

/** A provider whose plans come one after the other; it answers once the last has come. */
function provider(plans: readonly InstallPlan[], answers = true): InstanceProvider {
  const left = [...plans]
  return {
    ...createMemoryInstances(),
    check: async () => ({ok: answers && left.length === 0, message: 'silent'}),
    install: {plan: async () => left.shift() ?? planOf()},
  }
}

function host(consents = true): InstallHost & {readonly ran: string[]; readonly shown: string[]} {
  const ran: string[] = []
  const shown: string[] = []
  return {
    ran,
    shown,
    isRoot: false,
    consent: async (_, commands) => {
      shown.push(...commands)
      return consents
    },
    runner: {
      run: async (_, argv) => void ran.push(argv.join(' ')),
      startDaemon: async (_, argv) => void ran.push(`${argv.join(' ')} &`),
    },
  }
}

test('where nothing is missing nothing is asked', async () => {
  const here = host()
  expect(await ensureInstalled(provider([planOf()]), here)).toMatchObject({state: 'ready', commands: []})
  expect(here).toMatchObject({ran: [], shown: []})
})

test('the commands are shown, then run just as they were shown', async () => {
  const here = host()
  const plan = planOf(
    step(),
    step({argv: ['engined'], isDaemon: true}),
    step({argv: ['engine', 'init'], needsRoot: false}),
  )
  const outcome = await ensureInstalled(provider([plan]), here)
  expect(here.ran).toEqual(['sudo apt-get install engine', 'sudo -b engined &', 'engine init'])
  expect(here.shown).toEqual(['sudo apt-get install engine', 'sudo -b engined', 'engine init'])
  expect(outcome).toEqual({provider: 'memory', state: 'installed', commands: here.shown, remarks: ['a remark']})
})

test('what shows only after the engine is up is done in a second round', async () => {
  const here = host()
  await ensureInstalled(provider([planOf(step({argv: ['start']})), planOf(step({argv: ['preset']}))]), here)
  expect(here.ran).toEqual(['sudo start', 'sudo preset'])
})

test('without consent nothing is run', async () => {
  const here = host(false)
  expect(await ensureInstalled(provider([planOf(step())]), here)).toMatchObject({
    state: 'declined',
    commands: ['sudo apt-get install engine'],
  })
  expect(here.ran).toEqual([])
})

test('an engine that is still silent afterwards is an error with the remarks', async () => {
  await expect(ensureInstalled(provider([planOf(step())], false), host())).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('silent\na remark'),
  })
})

test('where there is no way but by hand, that way is told', async () => {
  const plan = () => Promise.reject(new OmniError('UNSUPPORTED', 'not on this system', {hint: 'do it so'}))
  expect(await ensureInstalled({...provider([]), install: {plan}}, host())).toMatchObject({
    state: 'by-hand',
    remarks: ['not on this system', 'do it so'],
  })
})

test.each([
  [step({argv: ['sh', '-c', "echo 'a b'"]}), true, `sh -c 'echo '\\''a b'\\'''`],
  [step({argv: ['tee', '/etc/x'], input: 'one\ntwo\n'}), false, "sudo tee /etc/x <<'EOF'\none\ntwo\nEOF"],
  [step({argv: ['lxcfs', '/var/lib/lxcfs'], isDaemon: true}), true, 'setsid lxcfs /var/lib/lxcfs &'],
])('a command is shown as a shell takes it: %j', (what, isRoot, text) => {
  expect(commandText(what, isRoot)).toBe(text)
})
