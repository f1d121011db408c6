import {loadManifest} from '@omni-cli/sdk/engine'
import {expect, test} from 'vitest'

/** The report for a person about a plan. */
async function reportOf(text: string): Promise<string> {
  const stdin = (async function* () {
    yield text
  })()
  return loadManifest(['-'], {stdin, environment: {}, plan: 'demo'}).then(
    () => 'it was accepted',
    (error: unknown) => String(error),
  )
}

const yaml = (line: string) => `instances:\n  web:\n    image: x\n    ${line}\n`

test.each([
  ['password: hunter2', 'password: ***'],
  ['db_password: "hunter2, hunter3" # of 2026', 'db_password: *** # of 2026'],
  ["api_key: 'it''s hunter2'", 'api_key: ***'],
  ['password: a, hunter2', 'password: ***'],
  ['password: [hunter2, b]', 'password: ***'],
  ['nope: {password: hunter2, size: 3}', 'nope: {password: ***, size: 3}'],
  ['nope: {"password":"hunter2","size":3}', 'nope: {"password":***,"size":3}'],
  ['nope: {token: {env: TOKEN}, password: ""}', 'nope: {token: {env: TOKEN}, password: ""}'],
  ['credentials: {user: hunter1, pass: hunter2}', 'credentials: ***'],
  ['password: !!str hunter2', 'password: ***'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of plans
  ['password: "${var.pass}"', 'password: "${var.pass}"'],
  ['nope: {image: postgres://me:hunter2@db/x}', 'nope: {image: postgres://***@db/x}'],
])('%s', async (line, shown) => {
  const report = await reportOf(yaml(line))
  expect(report).toContain(`  4 |     ${shown}\n          ^`)
})

test('the caret stays under what is wrong, behind a value that is masked', async () => {
  const report = await reportOf('instances:\n  web: {image: x, metadata: {password: hunter2}, nope: 1}\n')
  const [, frame = '', caret = ''] = /\n(.*\*\*\*.*)\n( *\^)/.exec(report) ?? []
  expect(frame.indexOf('nope')).toBe(caret.indexOf('^'))
  expect(caret).not.toBe('')
})

test.each(['secret = "hunter2"', 'secret = """hunter2"""', "secret = '''hunter2'''"])('TOML: %s', async (line) => {
  const report = await reportOf(`[instances.web]\nimage = "x"\n${line}\n`)
  expect(report).toContain('secret = ***')
  expect(report).not.toContain('hunter')
})

test('a value whose quotes never end is masked to the end of the line', async () => {
  const report = await reportOf('instances:\n  web: {password: "hunter2\n')
  expect(report).not.toContain('hunter')
})
