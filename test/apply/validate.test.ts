import {loadManifest} from '@omni-cli/sdk/engine'
import {expect, test} from 'vitest'
import {changeText, plainText, planLines} from '../../src/apply/plan-view.ts'
import {validateManifest, validationView} from '../../src/apply/validate.ts'

const load = (text: string) =>
  loadManifest(['-'], {
    stdin: (async function* () {
      yield text
    })(),
  })

test('what may be a mistake is a warning with its place', async () => {
  const validation = await validateManifest(
    await load('services:\n  web: {command: x, source: ./none, depends_on: [db]}\n'),
  )
  expect(
    validation.warnings.map(({line, column, message}) => `${line}:${column} ${message.replace(/'\/.*'/, 'PATH')}`),
  ).toEqual([
    "2:3 service 'web' depends on 'db', which is not in the files; it must be running",
    "2:3 the source of service 'web' is no folder: PATH",
  ])
  const text = (shows: boolean) => plainText(validationView(validation, shows).text(validation))
  expect(text(false)).toBe('✔ valid: 1 service\n2 warnings, shown with --warnings')
  expect(text(true)).toContain("warning: -:2:3: service 'web' depends on 'db'")
})

test('what a machine uses and the files do not have must be there already', async () => {
  const text =
    'instances:\n  web: {profiles: [small, big], network: {name: lan}}\nprofiles: {small: {}}\nnetworks: {wan: {}}\n'
  const {warnings, resources} = await validateManifest(await load(text))
  expect(resources).toEqual(['instance/web', 'profile/small', 'network/wan'])
  expect(warnings.map(({line, column, message}) => `${line}:${column} ${message}`)).toEqual([
    "2:3 instance 'web' uses the profile 'big', which is not in the files; it must be there",
    "2:3 instance 'web' uses the network 'lan', which is not in the files; it must be there",
  ])
})

test.each([undefined, 'plain', 'big'])('the demo is valid in the environment %s', async (env) => {
  const manifest = await loadManifest(['examples/plans/demo.yaml'], {env, environment: {}})
  const {warnings} = await validateManifest(manifest)
  expect(warnings).toEqual([])
  expect(manifest.resources).toHaveLength(env === 'big' ? 5 : 3)
})

test('a cycle is refused', async () => {
  const manifest = await load('services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}')
  await expect(validateManifest(manifest)).rejects.toMatchObject({code: 'MANIFEST_INVALID'})
})

test.each([
  [{path: 'replicas', from: 2, to: 3}, 'replicas 2 → 3'],
  [{path: 'domain', from: 'a'}, 'domain a → (not set)'],
  [{path: 'env.A', to: '1'}, 'env.A (not set) → 1'],
  [{path: 'memory', from: 1024 ** 3, to: 1e9}, 'memory 1Gi → 1000000000 bytes'],
  [{path: 'routes', from: ['/a'], to: []}, 'routes ["/a"] → []'],
  [{path: 'env.TOKEN', from: '***', to: '***'}, 'env.TOKEN *** (changed)'],
])('a change reads %j', (change, text) => {
  expect(changeText(change)).toBe(text)
})

test('a plan reads as a list with a count', () => {
  const operation = {changes: [], dependsOn: []}
  const lines = planLines({
    operations: [
      {...operation, id: 'service/a', ref: 'service/a', action: 'create', reason: 'it does not exist'},
      {
        ...operation,
        id: 'service/b',
        ref: 'service/b',
        action: 'update',
        reason: 'x',
        changes: [{path: 'port', from: 1, to: 2}],
      },
      {...operation, id: 'service/c', ref: 'service/c', action: 'keep', reason: 'nothing differs'},
    ],
    notes: ['mind the gap'],
  })
  expect(plainText(lines)).toBe(`+ create  service/a  it does not exist
~ update  service/b  x
            port 1 → 2
note: mind the gap
1 to create, 1 to update, 1 as wanted`)
})
