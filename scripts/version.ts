import {execFileSync} from 'node:child_process'
import {glob, readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * `changeset version`, and the same for the root package, which changesets does not see: all packages have one version,
 * and the root's CHANGELOG tells every change once.
 */
const changes = await Promise.all(
  (await Array.fromAsync(glob('.changeset/*.md', {cwd: root})))
    .filter((file) => !file.endsWith('README.md'))
    .map(async (file) => (await readFile(join(root, file), 'utf8')).replace(/^---[\s\S]*?---\n/, '').trim()),
)
if (changes.length === 0) {
  process.stderr.write('there are no changesets: npm run changeset\n')
  process.exit(1)
}
execFileSync('changeset', ['version'], {cwd: root, stdio: 'inherit'})

const {version} = JSON.parse(await readFile(join(root, 'packages', 'sdk', 'package.json'), 'utf8'))
const file = join(root, 'package.json')
const pjson = JSON.parse(await readFile(file, 'utf8'))
const own = Object.keys(pjson.dependencies).filter((name) => name.startsWith('@omni-cli/'))
const dependencies = {...pjson.dependencies, ...Object.fromEntries(own.map((name) => [name, version]))}
await writeFile(file, `${JSON.stringify({...pjson, version, dependencies}, null, 2)}\n`)

const changelog = join(root, 'CHANGELOG.md')
const [head = '', ...sections] = (await readFile(changelog, 'utf8')).split(/\n(?=## )/)
const section = `## ${version}\n\n${changes.map((change) => `- ${change.replaceAll('\n', '\n  ')}`).join('\n')}\n`
await writeFile(changelog, [head, section, ...sections].join('\n'))
