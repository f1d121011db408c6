import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, join} from 'node:path'
import {isOmniError} from '@omni-cli/sdk'
import {loadManifest, type Problem} from '@omni-cli/sdk/engine'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omni-objects-'))
})
afterEach(() => {
  rmSync(folder, {recursive: true})
})

function write(name: string, content: string): string {
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}

const load = (name: string, content: string) => loadManifest([write(name, content)])

const objectsIn = async (name: string, content: string) =>
  ((await load(name, content)).objects ?? []).map(({object}) => object)

async function problems(loading: Promise<unknown>): Promise<string[]> {
  const error = await loading.then(
    () => undefined,
    (failure: unknown) => failure,
  )
  if (!isOmniError(error)) throw new Error('it was accepted')
  return (error.details as Problem[]).map(({line, column, message}) => `${line}:${column} ${message}`)
}

/** `${NAME}`, which nobody fills in. */
const reference = (name: string) => `\${${name}}`

const CONFIG = `apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  greeting: hello \${var.x} # stays as it is
  script: |
    echo \${HOME}
`

describe('Kubernetes objects in files', () => {
  test('several documents of one file, with the place of every field', async () => {
    const {objects = []} = await load('a.yaml', `# first\n${CONFIG}---\n${CONFIG.replace('web', 'db')}`)
    expect(objects.map(({object}) => object.metadata.name)).toEqual(['web', 'db'])
    expect(objects[0]?.object.data).toEqual({
      greeting: `hello ${reference('var.x')}`,
      script: `echo ${reference('HOME')}\n`,
    })
    expect(objects.map(({origin}) => origin().line)).toEqual([2, 11])
    expect(objects[1]?.placeOf(['data', 'greeting'])).toMatchObject({line: 16, column: 13})
  })

  test.each([
    ['JSON', 'a.json', JSON.stringify({apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'a'}}, null, '\t')],
    [
      'a list',
      'a.yaml',
      'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n',
    ],
    ['a list of a kind', 'a.yaml', 'apiVersion: v1\nkind: ConfigMapList\nitems: [{metadata: {name: a}}]\n'],
    ['anchors', 'a.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: &m {name: a}\ndata: {<<: *m}\n'],
    ['a directive', 'a.yaml', '%YAML 1.2\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n'],
  ])('%s', async (_, name, text) => {
    const [object, ...others] = await objectsIn(name, text)
    expect(object).toMatchObject({apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'a'}})
    expect(others).toEqual([])
  })

  test('plans and objects live in one file and in one folder', async () => {
    write('a.yaml', `services: {web: {image: a}}\n---\n${CONFIG}`)
    write('b.yaml', CONFIG.replace('web', 'db'))
    write('kustomization.yaml', 'resources: [b.yaml]\n')
    const {resources, objects = [], warnings, plans} = await loadManifest([folder])
    expect(resources.map(({name}) => name)).toEqual(['web'])
    expect(objects.map(({object}) => object.metadata.name)).toEqual(['web', 'db'])
    expect(plans).toEqual(['a', basename(folder)])
    expect(warnings.map(({hint}) => hint)).toEqual(['omni apply -k DIR'])
  })

  test('a mode with a leading zero is octal, as everywhere else', async () => {
    const text = 'apiVersion: v1\nkind: X\nmetadata: {name: a}\nspec: {mode: 0644, text: "0644"}\n'
    expect((await objectsIn('a.yaml', text))[0]?.spec).toEqual({mode: 0o644, text: '0644'})
    expect((await objectsIn('b.yaml', text.replace('0644,', '&a 0644,')))[0]?.spec).toEqual({mode: 0o644, text: '0644'})
  })
})

describe('mistakes in Kubernetes objects', () => {
  test('all that is wrong with their form is told at once', async () => {
    const text = `apiVersion: v1
kind: 7
metadata: {generateName: a-, namespace: Big}
spec: {size: 123456789012345678901, rate: .inf}
---
apiVersion: v1
kind: List
items: {a: 1}
---
${CONFIG}`
    expect(await problems(load('a.yaml', text))).toEqual([
      "2:7 'kind' must be a text",
      "3:26 'generateName' makes a new object each time; what is applied needs a 'name'",
      '3:41 a namespace has lower-case letters, digits and "-", at most 63',
      '4:14 this number cannot be kept exactly',
      '4:43 this number cannot be sent',
      "8:8 'items' must be a list",
    ])
  })

  test('a kustomization that is named is no object', async () => {
    const text = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n'
    expect(await problems(load('kustomization.yaml', text))).toEqual(['1:1 this is a kustomization, no object'])
  })

  test('what is written twice names the other place', async () => {
    expect(await problems(load('b.yaml', `${CONFIG}---\n${CONFIG}`))).toEqual([
      `10:1 ConfigMap 'web' is also at ${join(folder, 'b.yaml')}:1`,
    ])
  })

  test.each([
    ['a doubled key', `${CONFIG}  greeting: again\n`, "9:3 the key 'greeting' is given twice"],
    ['a mistake of form', `${CONFIG}  - x\n`, /^9:\d+ /],
    ['a prototype', `${CONFIG}  __proto__: x\n`, "9:3 '__proto__' cannot be a key"],
  ])('%s has its place', async (_, text, expected) => {
    const [first = ''] = await problems(load('a.yaml', text))
    if (typeof expected === 'string') expect(first).toBe(expected)
    else expect(first).toMatch(expected)
  })

  test('aliases that expand to too much are refused', async () => {
    const levels = Array.from(
      {length: 9},
      (_, index) => `  k${index}: &k${index} [${`*k${index - 1},`.repeat(index > 0 ? 9 : 0)} x]`,
    )
    const text = `apiVersion: v1\nkind: X\nmetadata: {name: a}\nspec:\n${levels.join('\n')}\n`
    expect((await problems(load('a.yaml', text))).join()).toContain('aliases expand to more than')
  })

  test('an object of 1.4 MB is read, also beside others in a file of more than 4 MiB', async () => {
    const large = (name: string) => `${CONFIG.replace('web', name)}  blob: ${'x'.repeat(1_400_000)}\n`
    const objects = await objectsIn('a.yaml', ['a', 'b', 'c', 'd'].map(large).join('---\n'))
    expect(objects).toHaveLength(4)
  })
})

describe('lines of files in errors', () => {
  const lineOf = async (text: string, path: readonly (string | number)[]) => {
    const file = write('a.yaml', text)
    const {objects = []} = await loadManifest([file])
    return objects[0]?.placeOf(path)
  }

  test('none of a Secret is shown, whatever its keys are called', async () => {
    const place = await lineOf('apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  dsn: hunter2\n', [
      'stringData',
      'dsn',
    ])
    expect(place).toMatchObject({line: 5})
    expect(JSON.stringify(place)).not.toContain('hunter2')
  })

  test.each([
    ['a number', 'dsn: 123456789012345678901'],
    ['a key given twice', 'dsn: a\n  dsn: 123456789012345678901'],
  ])('none of a Secret is shown when its form is wrong: %s', async (_, line) => {
    const file = write(
      'a.yaml',
      `${CONFIG}---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  ${line}\n`,
    )
    await expect(loadManifest([file])).rejects.toThrow(/^(?![\s\S]*1234567890)/)
  })

  test.each([
    ['in a line of its own', '      - name: DB_PASSWORD\n        value: hunter2\n'],
    ['beside its name', '      - {name: DB_PASSWORD, value: "hunter2"}\n'],
    ['in quotes', '      - name: DB_PASSWORD\n        value: "hun\\"ter2"\n'],
  ])('the value of a variable whose name tells is not shown: %s', async (_, env) => {
    const text = `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: main\n    env:\n${env}`
    const place = await lineOf(text, ['spec', 'containers', 0, 'env', 0, 'value'])
    const exact = await lineOf(text, [])
    expect(JSON.stringify(place)).not.toMatch(/ter2/)
    expect(exact?.sourceLine).toBe('apiVersion: v1')
  })
})
