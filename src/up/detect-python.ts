import type {Recognised} from './detection.ts'
import type {Folder} from './folder.ts'
import {toServiceName} from './service-name.ts'

type Words = readonly [string, ...string[]]

const ENTRIES = ['app.py', 'main.py', 'server.py', 'wsgi.py', 'asgi.py'] as const

/** A Python program with `requirements.txt`, `pyproject.toml` or a well-known entry file; built in a `.venv` of its own. */
export function detectPython(folder: Folder): Recognised | undefined {
  const requirements = folder.read('requirements.txt')
  const project = folder.read('pyproject.toml')
  const entry = ENTRIES.find((file) => folder.has(file))
  const django = folder.has('manage.py')
  if (requirements === undefined && project === undefined && entry === undefined && !django) return undefined
  const needs = packagesOf(`${requirements ?? ''}\n${project ?? ''}`)
  const build = buildSteps(folder, requirements, project)
  // Programs in a venv name its absolute path, which does not survive that the folder is moved; `-m` does.
  const python = build.length === 0 ? 'python3' : '.venv/bin/python'
  const files = ['requirements.txt', 'pyproject.toml', 'uv.lock', 'manage.py', ...ENTRIES]
  return {
    name: toServiceName(/^name\s*=\s*["']([^"']+)["']/m.exec(project ?? '')?.[1] ?? folder.name),
    because: files.filter((file) => folder.has(file)).join(', '),
    build,
    bins: build.length === 0 ? [] : ['.venv/bin'],
    notes: [],
    port: 8000,
    command: django ? djangoCommand(folder, needs, python) : entryCommand(folder, entry, needs, python),
    // Without it the output of a program sits in a buffer and the logs stay empty.
    env: {PYTHONUNBUFFERED: '1'},
  }
}

function buildSteps(folder: Folder, requirements: string | undefined, project: string | undefined): Words[] {
  if (folder.has('uv.lock')) return [['uv', 'sync', '--frozen', '--no-dev']]
  const venv: Words = ['python3', '-m', 'venv', '.venv']
  const install: Words = ['.venv/bin/python', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
  if (requirements !== undefined) {
    return /^\s*[^#\s]/m.test(requirements) ? [venv, [...install, '-r', 'requirements.txt']] : []
  }
  return /^\[project\]|^\[build-system\]|^\[tool\.poetry\]/m.test(project ?? '') ? [venv, [...install, '.']] : []
}

function djangoCommand(folder: Folder, needs: ReadonlySet<string>, python: string): Words {
  const module = /DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)\.settings/.exec(folder.read('manage.py') ?? '')?.[1]
  if (needs.has('gunicorn') && module !== undefined) {
    return [python, '-m', 'gunicorn', `${module}.wsgi:application`, '--bind', '127.0.0.1:$PORT']
  }
  return [python, 'manage.py', 'runserver', '--noreload', '127.0.0.1:$PORT']
}

function entryCommand(
  folder: Folder,
  entry: string | undefined,
  needs: ReadonlySet<string>,
  python: string,
): Words | undefined {
  if (entry === undefined) return undefined
  const module = entry.slice(0, -3)
  const source = folder.read(entry) ?? ''
  const asgi = /^(\w+)\s*(?::[^=\n]*)?=\s*(?:FastAPI|Starlette|Quart|Litestar)\(/m.exec(source)?.[1]
  const wsgi = /^(\w+)\s*(?::[^=\n]*)?=\s*(?:flask\.)?(?:Flask|Bottle)\(/m.exec(source)?.[1]
  if (asgi !== undefined && (needs.has('uvicorn') || needs.has('fastapi[standard]'))) {
    return [python, '-m', 'uvicorn', `${module}:${asgi}`, '--host', '127.0.0.1', '--port', '$PORT']
  }
  if (wsgi !== undefined && needs.has('gunicorn')) {
    return [python, '-m', 'gunicorn', `${module}:${wsgi}`, '--bind', '127.0.0.1:$PORT']
  }
  if (wsgi !== undefined && needs.has('flask')) {
    return [python, '-m', 'flask', '--app', module, 'run', '--host', '127.0.0.1', '--port', '$PORT']
  }
  return [python, entry]
}

/** Names of required packages, lower case; `fastapi[standard]` gives both `fastapi` and `fastapi[standard]`. */
function packagesOf(text: string): ReadonlySet<string> {
  const names = new Set<string>()
  for (const match of text.matchAll(/(?:^|["'])\s*([A-Za-z][\w.-]*)(\[[\w,\s-]+\])?\s*(?=$|[<>=!~;"'\s])/gm)) {
    const name = match[1]?.toLowerCase()
    if (name === undefined) continue
    names.add(name)
    if (match[2] !== undefined) names.add(`${name}${match[2].replaceAll(' ', '')}`)
  }
  return names
}
