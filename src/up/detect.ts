import {OmniError, type ServiceInput} from '@omni-cli/sdk'
import {detectNode} from './detect-node.ts'
import {detectProcfile} from './detect-procfile.ts'
import {detectPython} from './detect-python.ts'
import type {Detection, Recognised} from './detection.ts'
import type {Folder} from './folder.ts'
import {toServiceName} from './service-name.ts'

export const STATIC_SERVER = '.omni/static-server.mjs'

/**
 * Recognises what a folder holds, most explicit first: `omni.yaml`, `service.toml`, `Procfile`, `package.json`, Python,
 * a static site, a Dockerfile: what runs without Docker comes first. MANIFEST_INVALID when nothing fits or the start command is missing.
 */
export function detect(folder: Folder): Detection {
  return (
    detectManifest(folder) ??
    detectProcesses(folder) ??
    detectProgram(folder, 'node', detectNode(folder)) ??
    detectProgram(folder, 'python', detectPython(folder)) ??
    detectStatic(folder) ??
    detectDockerfile(folder) ??
    refuse(folder)
  )
}

function detectManifest(folder: Folder): Detection | undefined {
  const plan = ['omni.yaml', 'omni.yml'].find((file) => folder.has(file))
  if (plan !== undefined) return {...NOTHING, kind: 'omni', because: plan, manifests: [plan]}
  const orca = ['service.toml', ...folder.folders('services').map((name) => `services/${name}/service.toml`)].filter(
    (file) => folder.has(file),
  )
  if (orca.length === 0) return undefined
  return {
    ...NOTHING,
    kind: 'orca',
    because: orca.length > 2 ? `${orca.length} service files` : orca.join(' and '),
    manifests: orca,
  }
}

function detectProcesses(folder: Folder): Detection | undefined {
  const text = folder.read('Procfile')
  if (text === undefined) return undefined
  const code = detectNode(folder) ?? detectPython(folder)
  const {services, notes} = detectProcfile(text, code?.name ?? toServiceName(folder.name), code)
  const because = code === undefined ? 'Procfile' : `Procfile, ${code.because}`
  return {...NOTHING, kind: 'procfile', because, services, notes: [...(code?.notes ?? []), ...notes]}
}

function detectProgram(folder: Folder, kind: 'node' | 'python', found: Recognised | undefined): Detection | undefined {
  if (found === undefined) return undefined
  if (found.command === undefined) {
    // A site built by nothing may still have a package.json for its tools.
    if (kind === 'node' && found.build.length === 0) return detectStatic(folder) ?? refuseStart(folder, found)
    return refuseStart(folder, found)
  }
  const service: ServiceInput = {
    name: found.name,
    source: '.',
    command: [...found.command],
    port: found.port,
    ...(Object.keys(found.env).length === 0 ? {} : {env: {...found.env}}),
    ...(found.build.length === 0 ? {} : {build: {commands: found.build.map((words) => [...words])}}),
  }
  return {...NOTHING, kind, because: found.because, services: [service], notes: found.notes}
}

function detectStatic(folder: Folder): Detection | undefined {
  const root = ['', 'public/', 'dist/', '_site/'].find((prefix) => folder.has(`${prefix}index.html`))
  if (root === undefined) return undefined
  const service: ServiceInput = {
    name: toServiceName(folder.name),
    source: '.',
    command: ['node', STATIC_SERVER, root === '' ? '.' : root.slice(0, -1)],
    port: 8080,
  }
  return {
    ...NOTHING,
    kind: 'static',
    because: `${root}index.html`,
    services: [service],
    extraFiles: {[STATIC_SERVER]: 'static-server.mjs'},
  }
}

/** The port is the first that the file exposes; the program is given it as PORT all the same. */
function detectDockerfile(folder: Folder): Detection | undefined {
  const dockerfile = ['Dockerfile', 'Containerfile'].find((file) => folder.has(file))
  if (dockerfile === undefined) return undefined
  const exposed = /^\s*EXPOSE\s+(\d{1,5})/im.exec(folder.read(dockerfile) ?? '')?.[1]
  const service: ServiceInput = {
    name: toServiceName(folder.name),
    source: '.',
    runtime: 'container',
    build: {dockerfile},
    port: exposed === undefined ? 8080 : Number(exposed),
  }
  return {...NOTHING, kind: 'docker', because: dockerfile, services: [service]}
}

function refuse(folder: Folder): never {
  throw new OmniError(
    'MANIFEST_INVALID',
    `nothing in '${folder.name}' says how to run it: no omni.yaml, service.toml, Procfile, package.json, requirements.txt, pyproject.toml, index.html or Dockerfile`,
    {hint: 'add a Procfile with one line such as "web: ./server", then run omni up again'},
  )
}

function refuseStart(folder: Folder, found: Recognised): never {
  throw new OmniError('MANIFEST_INVALID', `'${folder.name}' (${found.because}) does not say what to start`, {
    hint: 'add a "start" script to package.json, or a Procfile with one line such as "web: python server.py"',
  })
}

const NOTHING = {manifests: [], services: [], extraFiles: {}, notes: []} as const
