import {describe, expect, it} from 'vitest'
import {detect} from '../../src/up/detect.ts'
import type {Folder} from '../../src/up/folder.ts'
import {toServiceName} from '../../src/up/service-name.ts'

/** A folder made of texts; `services/a/service.toml` makes the folder `services/a`. */
function folder(files: Readonly<Record<string, string>>, name = 'shop'): Folder {
  return {
    name,
    has: (path) => path in files,
    read: (path) => files[path],
    folders: (path) => [
      ...new Set(
        Object.keys(files)
          .filter((file) => file.startsWith(`${path}/`))
          .map((file) => file.split('/')[1] ?? ''),
      ),
    ],
  }
}

const command = (files: Readonly<Record<string, string>>) => detect(folder(files)).services[0]?.command
const build = (files: Readonly<Record<string, string>>) => detect(folder(files)).services[0]?.build?.commands

describe('what a folder is recognised as', () => {
  it.each([
    [{'omni.yaml': '', Procfile: 'web: a'}, 'omni'],
    [{'omni.yml': ''}, 'omni'],
    [{'service.toml': '', Procfile: 'web: a'}, 'orca'],
    [{'services/web/service.toml': ''}, 'orca'],
    [{Procfile: 'web: a', 'package.json': '{}'}, 'procfile'],
    [{'package.json': '{"scripts":{"start":"node a.js"}}', 'index.html': ''}, 'node'],
    [{'requirements.txt': 'flask', 'app.py': ''}, 'python'],
    [{'pyproject.toml': '[project]\nname="x"', 'main.py': ''}, 'python'],
    [{'index.html': ''}, 'static'],
    [{'index.html': '', Dockerfile: ''}, 'static'],
    [{'package.json': '{"name":"tools only"}', 'index.html': ''}, 'static'],
  ] as const)('%j → %s', (files, kind) => {
    expect(detect(folder(files)).kind).toBe(kind)
  })

  it('names the manifests and leaves the services to them', () => {
    const found = detect(folder({'services/a/service.toml': '', 'services/b/service.toml': '', 'services/c/x': ''}))

    expect(found.manifests).toEqual(['services/a/service.toml', 'services/b/service.toml'])
    expect(found.services).toEqual([])
  })

  it('takes a Dockerfile when nothing runs without Docker, and its port from EXPOSE', () => {
    const found = detect(folder({Dockerfile: 'FROM scratch\nEXPOSE 3000/tcp\n'}))

    expect(found.kind).toBe('docker')
    expect(found.services).toMatchObject([
      {source: '.', runtime: 'container', build: {dockerfile: 'Dockerfile'}, port: 3000},
    ])
  })

  it.each([
    [{}],
    [{'README.md': ''}],
    [{'package.json': '{"dependencies":{"a":"1"}}'}],
    [{'package.json': '{'}],
    [{'requirements.txt': 'flask'}],
    [{Procfile: 'no colon here'}],
    [{Procfile: ''}],
    [{Procfile: 'web: a\nweb: b'}],
  ])('says what is missing in %j', (files) => {
    expect(() => detect(folder(files))).toThrow(expect.objectContaining({code: 'MANIFEST_INVALID'}))
  })
})

describe('Node', () => {
  const start = '"scripts":{"start":"node server.js"}'
  it.each([
    [{'package.json': `{${start}}`}, ['node', 'server.js']],
    [{'package.json': '{"main":"./lib/a.js"}', 'lib/a.js': ''}, ['node', 'lib/a.js']],
    [{'package.json': '{}', 'server.js': ''}, ['node', 'server.js']],
    [{'package.json': '{"scripts":{"start":"next start -p $PORT"}}'}, ['/bin/sh', '-c', 'next start -p $PORT']],
    [{'package.json': '{"scripts":{"start":"vite preview"}}'}, ['vite', 'preview']],
    [{'package.json': '{"scripts":{"start":"node a.js","prestart":"x"}}'}, ['npm', 'run', 'start']],
  ])('%j starts with %j', (files, expected) => {
    expect(command(files)).toEqual(expected)
  })

  it.each([
    [{'package.json': `{${start}}`}, undefined],
    [
      {'package.json': `{${start},"dependencies":{"a":"1"}}`},
      [['npm', 'install', '--no-audit', '--no-fund', '--omit=dev']],
    ],
    [
      {'package.json': `{${start},"dependencies":{"a":"1"}}`, 'package-lock.json': ''},
      [['npm', 'ci', '--no-audit', '--no-fund', '--omit=dev']],
    ],
    [
      {'package.json': '{"scripts":{"start":"a","build":"b"},"dependencies":{"a":"1"}}', 'package-lock.json': ''},
      [
        ['npm', 'ci', '--no-audit', '--no-fund', '--include=dev'],
        ['npm', 'run', 'build'],
      ],
    ],
    [
      {'package.json': `{${start},"dependencies":{"a":"1"}}`, 'pnpm-lock.yaml': ''},
      [['pnpm', 'install', '--frozen-lockfile', '--prod']],
    ],
    [
      {'package.json': `{${start},"dependencies":{"a":"1"}}`, 'yarn.lock': '', '.yarnrc.yml': ''},
      [['yarn', 'install', '--immutable']],
    ],
    [
      {'package.json': `{${start},"dependencies":{"a":"1"}}`, 'bun.lock': ''},
      [['bun', 'install', '--frozen-lockfile', '--production']],
    ],
  ])('%j is built with %j', (files, expected) => {
    expect(build(files)).toEqual(expected)
  })
})

describe('Python', () => {
  const pip = (...what: string[]) => [
    ['python3', '-m', 'venv', '.venv'],
    ['.venv/bin/python', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...what],
  ]
  it.each([
    [{'app.py': ''}, undefined],
    [{'requirements.txt': '# none\n\n', 'app.py': ''}, undefined],
    [{'requirements.txt': 'flask==3', 'app.py': ''}, pip('-r', 'requirements.txt')],
    [{'pyproject.toml': '[project]\nname = "a"', 'app.py': ''}, pip('.')],
    [{'pyproject.toml': '[tool.ruff]', 'app.py': ''}, undefined],
    [{'pyproject.toml': '[project]', 'uv.lock': '', 'app.py': ''}, [['uv', 'sync', '--frozen', '--no-dev']]],
  ])('%j is built with %j', (files, expected) => {
    expect(build(files)).toEqual(expected)
  })

  it.each([
    [{'app.py': 'print(1)'}, ['python3', 'app.py']],
    [{'requirements.txt': 'requests', 'main.py': ''}, ['.venv/bin/python', 'main.py']],
    [
      {'requirements.txt': 'Flask>=3\ngunicorn', 'app.py': 'app = Flask(__name__)'},
      ['.venv/bin/python', '-m', 'gunicorn', 'app:app', '--bind', '127.0.0.1:$PORT'],
    ],
    [
      {'requirements.txt': 'flask', 'app.py': 'site = Flask(__name__)'},
      ['.venv/bin/python', '-m', 'flask', '--app', 'app', 'run', '--host', '127.0.0.1', '--port', '$PORT'],
    ],
    [
      {'requirements.txt': 'fastapi[standard]', 'main.py': 'api = FastAPI()'},
      ['.venv/bin/python', '-m', 'uvicorn', 'main:api', '--host', '127.0.0.1', '--port', '$PORT'],
    ],
    [
      {'requirements.txt': 'django\ngunicorn', 'manage.py': "setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')"},
      ['.venv/bin/python', '-m', 'gunicorn', 'site1.wsgi:application', '--bind', '127.0.0.1:$PORT'],
    ],
    [
      {'requirements.txt': 'django', 'manage.py': ''},
      ['.venv/bin/python', 'manage.py', 'runserver', '--noreload', '127.0.0.1:$PORT'],
    ],
  ])('%j starts with %j', (files, expected) => {
    expect(command(files)).toEqual(expected)
  })
})

describe('Procfile', () => {
  it('makes a service of each process; only web listens', () => {
    const found = detect(folder({Procfile: '# two\nweb: ./server --port $PORT\nworker: ./work\n'}))

    expect(found.services.map(({name, port, project}) => ({name, port, project}))).toEqual([
      {name: 'shop-web', port: 8080, project: 'shop'},
      {name: 'shop-worker', port: undefined, project: 'shop'},
    ])
    expect(found.services[0]?.command).toEqual(['/bin/sh', '-c', './server --port $PORT'])
  })

  it('builds with what the folder is written in and finds its programs', () => {
    const found = detect(folder({Procfile: 'release: migrate\nweb: gunicorn app', 'requirements.txt': 'gunicorn'}))

    expect(found.services.map(({name}) => name)).toEqual(['shop-web'])
    expect(found.services[0]?.command).toEqual([
      '/bin/sh',
      '-c',
      'PATH="$PWD/.venv/bin:$PATH"; export PATH; gunicorn app',
    ])
    expect(found.services[0]?.build?.commands).toHaveLength(3)
  })
})

it.each([
  ['shop', 'shop'],
  ['@acme/Web_Shop', 'web-shop'],
  ['../x', 'x'],
  ['2048', 'app-2048'],
  ['', 'app'],
  ['😀', 'app'],
  ['-rf', 'rf'],
  ['__proto__', 'proto'],
  ['a'.repeat(300), 'a'.repeat(63)],
])('the folder %j becomes the service %j', (text, name) => {
  expect(toServiceName(text)).toBe(name)
})
