import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {
  OmniError,
  type Service,
  type ServingFacet,
  type ServingPlan,
  type ServingSpec,
  serviceSpec,
} from '@omni-cli/sdk'
import type {BaseCommand} from '@omni-cli/sdk/cli'
import {expect, it} from 'vitest'
import {deployBatch} from '../../src/serving/batch/deploy-batch.ts'
import {deployModel} from '../../src/serving/deploy.ts'
import {updateModel} from '../../src/serving/update.ts'
import {updateMany} from '../../src/serving/update-many.ts'
import {memorySession, recordingProgress} from '../apply/memory-session.ts'

const served = (name: string, labels: Record<string, string> = {}): Service => ({
  ...{name, status: 'running', desiredReplicas: 1, runningReplicas: 1, endpoints: [], replicas: []},
  spec: {...serviceSpec.parse({name, image: 'x'}), labels},
  serving: {model: 'tiny', components: [], gpus: 0},
})
const plan = (more: Partial<ServingPlan> = {}): ServingPlan => ({
  ...{action: 'create', manifests: [], gpusPerReplica: 0, gpus: 0, warnings: [], obstacles: []},
  ...more,
})

/** A command whose drivers only write down what they are asked. */
function fakeCommand(plans: Partial<ServingFacet> = {}, services: readonly Service[] = []) {
  const [done, told, asked]: [string[], string[], string[]] = [[], [], []]
  const facet: ServingFacet = {
    plan: async () => plan(),
    planUpdate: async () => plan({action: 'update', changes: ['spec.model.name: a → b']}),
    deploy: async ({name}) => {
      done.push(`deploy ${name}`)
      return served(name)
    },
    update: async (name) => {
      done.push(`update ${name}`)
      return served(name)
    },
    ...plans,
  }
  const engine = {
    list: async () => services,
    stop: async (name: string) => {
      done.push(`stop ${name}`)
      return served(name)
    },
  }
  const session = {
    ...memorySession({}),
    open: async (kind: string) => (kind === 'catalog' ? {name: 'fake', serving: facet} : engine),
  }
  const command = {
    ...{signal: new AbortController().signal, session: async () => session, progress: async () => recordingProgress()},
    notice: (text: string) => told.push(text),
    confirm: async (question: string, {yes}: {yes: boolean}) => {
      asked.push(question)
      return yes
    },
  }
  return {command: command as unknown as BaseCommand, done, told, asked, close: () => session[Symbol.dispose]()}
}

const spec: ServingSpec = {name: 'chat', model: 'tiny', minReplicas: 1, maxReplicas: 1}
const options = {dryRun: false, yes: false, wait: true, timeoutMs: undefined}

it('a new service whose way is free is deployed without a question, after its plan', async () => {
  const {command, done, told, asked, close} = fakeCommand()
  await deployModel(command, spec, options)
  close()

  expect(told[0]).toContain('+ create service/chat')
  expect([done, asked]).toEqual([['deploy chat'], []])
})

it.each([
  ['something is in the way', plan({obstacles: ['need 4 devices, largest free 2 on n7']})],
  ['the service exists and would change', plan({action: 'update'})],
])('nothing is done without a yes when %s', async (_, planned) => {
  const {command, done, told, close} = fakeCommand({plan: async () => planned})
  await deployModel(command, spec, options)
  close()

  expect(done).toEqual([])
  expect(told.at(-1)).toBe('nothing was changed')
})

it('a dry run shows the plan and does nothing', async () => {
  const {command, done, close} = fakeCommand()
  const view = await deployModel(command, spec, {...options, dryRun: true})
  close()

  expect(view).toMatchObject({type: 'item', data: {action: 'create'}})
  expect(done).toEqual([])
})

it('an update that names nothing to change is refused', async () => {
  const {command, close} = fakeCommand()
  await expect(updateModel(command, {name: 'chat', change: {}}, options)).rejects.toThrow('what is to change?')
  close()
})

it('many are changed by label, after one question; no replicas mean that they are stopped', async () => {
  const services = [served('a', {team: 'x'}), served('b', {team: 'x'}), served('c')]
  const {command, done, asked, close} = fakeCommand({}, services)
  const choice = {labels: {team: 'x'}, all: false}
  await updateMany(command, {choice, change: {model: 'b'}}, {...options, yes: true})
  await updateMany(command, {choice, change: {set: ['replicas=0']}}, {...options, yes: true})
  close()

  expect(done).toEqual(['update a', 'update b', 'stop a', 'stop b'])
  expect(asked).toEqual(['update 2 services: a, b?', 'stop 2 services: a, b?'])
})

it('a batch tells all that is impossible before anything is made, and what was not done afterwards', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'omni-batch-'))
  const file = join(folder, 'models.txt')
  writeFileSync(file, 'tiny one\nnone two\nnone three\n')
  const absent = new OmniError('NOT_FOUND', "there is no model 'none'")
  const wrong = fakeCommand({plan: async ({model}) => (model === 'none' ? Promise.reject(absent) : plan())})
  await expect(deployBatch(wrong.command, {file, resume: false}, options)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    details: [{line: 2}, {line: 3}],
  })
  const late = new OmniError('DEPLOY_FAILED', 'no devices')
  const half = fakeCommand({deploy: async ({name}) => (name === 'two' ? Promise.reject(late) : served(name))})
  await expect(deployBatch(half.command, {file, resume: false}, options)).rejects.toMatchObject({
    code: 'PARTIAL',
    hint: `omni deploy --batch ${file} --resume`,
    details: {done: ['one', 'three'], failed: [{name: 'two', message: 'no devices'}]},
  })
  for (const {close} of [wrong, half]) close()
  rmSync(folder, {recursive: true})
  expect(wrong.done).toEqual([])
})
