import {spawnSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {isOmniError, type OmniError} from '@omni-cli/sdk'
import {type LoadOptions, loadManifest, type Problem} from '@omni-cli/sdk/engine'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omni-manifest-'))
})
afterEach(() => {
  rmSync(folder, {recursive: true})
})

function write(name: string, content: string | Buffer): string {
  const file = join(folder, name)
  mkdirSync(dirname(file), {recursive: true})
  writeFileSync(file, content)
  return file
}

const load = (name: string, content: string | Buffer, options?: LoadOptions) =>
  loadManifest([write(name, content)], options)

async function failure(loading: Promise<unknown>): Promise<OmniError> {
  try {
    await loading
  } catch (error) {
    if (isOmniError(error)) return error
    throw error
  }
  throw new Error('it was accepted')
}

/** `line:column message` of each problem. */
async function problems(loading: Promise<unknown>): Promise<string[]> {
  const {details} = await failure(loading)
  return (details as Problem[]).map(
    ({line, column, message, hint}) => `${line}:${column} ${message}${hint === undefined ? '' : ` (${hint})`}`,
  )
}

describe('what is read', () => {
  test('a YAZ plan, with sizes in bytes and metadata as texts', async () => {
    const {resources} = await load(
      'demo.yaml',
      `instances:
  gateway:
    image: "ubuntu:22.04"
    memory: "1GB"
    cpus: 2
    metadata: {role: gateway, tier: 1}
    network: {type: bridge, ipv4: auto}
    cloud_init: |
      #cloud-config
  bare: {}
profiles:
  default: {config: {limits.cpu: 2, boot: true}, devices: {root: {path: /, size: 1.10}}}
`,
    )
    expect(resources.map(({kind, name, plan}) => `${kind}/${name} ${plan}`)).toEqual([
      'instance/gateway demo',
      'instance/bare demo',
      'profile/default demo',
    ])
    expect(resources[0]?.spec).toMatchObject({memory: 1e9, cpus: 2, metadata: {role: 'gateway', tier: '1'}})
    expect(resources[1]?.spec).toMatchObject({image: 'ubuntu:22.04', type: 'container'})
    expect(resources[2]?.spec).toMatchObject({
      config: {'limits.cpu': '2', boot: 'true'},
      devices: {root: {size: '1.10'}},
    })
  })

  test('an Orca service.toml; the folder form names project and network', async () => {
    const toml = '[[service]]\nname = "web"\nimage = "nginx"\ncmd = ["a", "b"]\n[service.resources]\nmemory = "512Mi"\n'
    const alone = await load('service.toml', toml)
    const inFolders = await loadManifest([dirname(dirname(write('shop/services/front/service.toml', toml)))])

    expect(alone.resources[0]?.spec).toMatchObject({name: 'web', command: ['a', 'b'], resources: {memory: 2 ** 29}})
    expect(alone.resources[0]?.spec).not.toHaveProperty('project')
    expect(inFolders.resources[0]?.spec).toMatchObject({project: 'front', network: 'front'})
    expect(inFolders.plans).toEqual(['shop'])
  })

  test('omni.yaml gives services its project, and a list of services is as good as a map', async () => {
    const map = await load('omni.yaml', 'project: shop\nservices:\n  web: {image: a}\n  db: {image: b, project: own}\n')
    const list = await load('list.yaml', 'services:\n  - {name: web, image: a}\n')

    expect(map.resources.map(({spec}) => 'project' in spec && spec.project)).toEqual(['shop', 'own'])
    expect(map.plans).toEqual(['shop'])
    expect(list.resources[0]).toMatchObject({name: 'web', plan: 'list'})
  })

  test('written holds what the user wrote and nothing else, in the form of the spec', async () => {
    const {resources} = await load(
      'a.yaml',
      'services:\n  web: {image: a, resources: {memory: 1Ki}, readiness: {tcp: true}, port: 1}\n',
    )
    expect(resources[0]?.written).toEqual({
      name: 'web',
      image: 'a',
      resources: {memory: 1024},
      readiness: {tcp: true},
      port: 1,
    })
  })
})

describe('how it may be written', () => {
  test('texts of the environment are as they were written', async () => {
    const yaml = await load(
      'a.yaml',
      'services:\n  web:\n    image: a\n    env: {V: 1.10, N: 0x10, B: yes, T: true, E: "", Q: "1"}\n',
    )
    const toml = await load('a.toml', '[[service]]\nname="web"\nimage="a"\nenv = {V = 1.10, N = 0x10, T = true}\n')
    expect(yaml.resources[0]?.spec).toMatchObject({env: {V: '1.10', N: '0x10', B: 'yes', T: 'true', E: '', Q: '1'}})
    expect(toml.resources[0]?.spec).toMatchObject({env: {V: '1.10', N: '0x10', T: 'true'}})
  })

  test.each([
    ['a byte order mark', 'a.yaml', '\ufeffservices: {web: {image: a}}\n'],
    ['CRLF', 'a.yaml', 'services:\r\n  web:\r\n    image: a\r\n'],
    ['CRLF in TOML', 'a.toml', '[[service]]\r\nname = "web"\r\nimage = "a"\r\n'],
    ['tabs in JSON', 'a.json', '{\n\t"services": {"web": {"image":\t"a"}}\n}'],
    [
      'anchors and merge keys',
      'a.yaml',
      'services:\n  web: &x {image: a}\nenvironments: {p: {services: {web: {<<: *x}}}}\n',
    ],
    ['several documents', 'a.yaml', '---\n# none\n---\nservices: {web: {image: a}}\n'],
  ])('%s', async (_, name, text) => {
    const {resources} = await load(name, text)
    expect(resources).toHaveLength(1)
    expect(resources[0]?.spec).toMatchObject({name: 'web', image: 'a'})
  })

  test('keys of a merged map lose against own ones', async () => {
    const {resources} = await load(
      'a.yaml',
      'services:\n  a: &base {image: x, replicas: 2, port: 1}\n  b: {<<: *base, replicas: 3}\n',
    )
    expect(resources[1]?.spec).toMatchObject({name: 'b', image: 'x', replicas: 3, port: 1})
  })
})

describe('where it is read from', () => {
  test('standard input, YAML or TOML by its looks', async () => {
    const read = (text: string) =>
      loadManifest(['-'], {
        stdin: (async function* () {
          yield Buffer.from(text)
        })(),
      })
    expect((await read('services: {web: {image: a}}')).plans).toEqual(['stdin'])
    expect((await read('# x\n[[service]]\nname = "web"\nimage = "a"\n')).resources[0]?.name).toBe('web')
  })

  test('a folder: its plans, its service folders, not what other tools keep there', async () => {
    write('p/a.yaml', 'services: {a: {image: x}}')
    write('p/package.json', '{"name": "x", "version": "1"}')
    write('p/.hidden.yaml', 'nonsense: 1')
    write('p/deeper/b.yaml', 'nonsense: 1')
    write('p/services/c/service.toml', '[[service]]\nname = "c"\nimage = "x"\n')
    const {resources, warnings} = await loadManifest([join(folder, 'p')])
    expect(resources.map(({name}) => name)).toEqual(['a', 'c'])
    expect(warnings.map(({message}) => message)).toEqual(['passed over: this is no plan'])
  })

  test('a project file stands for its folder', async () => {
    write('p/omni.yaml', 'services: {a: {image: x}}')
    write('p/config.yaml', 'mine: 1')
    const {resources, plans} = await loadManifest([join(folder, 'p')])
    expect(resources.map(({name}) => name)).toEqual(['a'])
    expect(plans).toEqual(['p'])
  })

  test("a service's own backup block is accepted and told to be without effect", async () => {
    const {warnings} = await load(
      'a.toml',
      '[[service]]\nname = "web"\nimage = "a"\n[service.backup]\nenabled = true\n',
    )
    expect(warnings).toMatchObject([{line: 4, message: expect.stringContaining('no effect')}])
  })
})

const YAML_MISTAKES: readonly [text: string, expected: string[]][] = [
  [
    'services:\n  web: {image: a, replicas: three}',
    ["2:29 'replicas' must be a whole number or \"auto\", not 'three'"],
  ],
  ['services:\n  web: {image: a, replicas: -1}', ["2:29 'replicas' must be at least 0"]],
  ['services:\n  web: {image: }', ["2:9 'image' must be a text, not empty"]],
  ['services:\n  web:', ["2:3 service 'web' must be a map"]],
  ['services: 3', ["1:11 'services' must be a map of services by name, or a list"]],
  ['services: [{image: a}]', ["1:12 the service has no 'name'"]],
  [
    'services:\n  web: {name: api, image: a}',
    ["2:15 the service is called 'web' by its key; leave 'name' out or make it the same"],
  ],
  ['services:\n  web: {image: a}\n  web: {image: b}', ["3:3 the key 'web' is given twice"]],
  [
    'services:\n  web: {port: 80}',
    ["2:3 service 'web' has nothing to run: it needs a command, an image, a module, a build or a source"],
  ],
  ['services:\n  web: {image: a, command: [a, {b: c}]}', ["2:32 'command[1]' must be a text, not a map"]],
  ['services:\n  web: {image: a, env: {1X: a}}', ["2:25 '1X' is no name for 'env'; it has letters, digits and '_'"]],
  ['services:\n  web: {image: a, env: {X: }}', ["2:25 'env.X' must be a text, not empty"]],
  ['services:\n  web: {image: a, env: {__proto__: x}}', ["2:25 '__proto__' cannot be a key"]],
  ['services:\n  __proto__: {image: a}', ["2:3 '__proto__' cannot be a key"]],
  [
    'services:\n  web: {image: a, readiness: {tcp: true, path: /}, port: 1}',
    ["2:30 a probe has exactly one of 'path', 'tcp: true' and 'exec'"],
  ],
  [
    'services:\n  web: {image: a, port: 80, domain: "*.a.example"}',
    ["2:37 'domain': each host name is written out; there are no wildcards"],
  ],
  [
    'services:\n  web: {image: a, port: 80, domains: [a.example, a/b]}',
    [`2:50 'domains[1]': a host name has letters, digits and "-" between dots`],
  ],
  ['services:\n  web: {image: a, domain: x}', ["2:27 'domain' needs a 'port'"]],
  ['services:\n  web: {image: a, depends_on: [web]}', ["2:32 service 'web' depends on itself"]],
  ['instances:\n  a: {memory: 1XB}', ["2:15 'memory': '1XB' is not a size; write 512Mi, 1GiB or 1GB"]],
  ['instances:\n  a: {nework: {}}', ["2:7 unknown key 'nework' in instance 'a' (did you mean 'network'?)"]],
  ['instances:\n  a: {network: {typ: host}}', ["2:17 unknown key 'typ' in 'network' (did you mean 'type'?)"]],
  ['service:\n  - image: a', ["2:5 the service has no 'name'"]],
  ['servces:\n  web: {image: a}', ["1:1 unknown key 'servces' (did you mean 'services'?)"]],
  ['- a', ["1:1 a plan is a map with 'services:' or 'instances:'"]],
  ['services:\n\tweb: {image: a}', ['2:1 a tab cannot indent YAML (use spaces)']],
  [
    'services: {web: {image: *none}}',
    ["1:18 'image' must be a text, not empty", "1:25 there is no anchor '&none' before this"],
  ],
  [
    'services: {web: {image: a}}\nenvironments: {prod: {services: {wbe: {replicas: 1}}}}',
    ["2:34 environment 'prod' changes service 'wbe', which is not in the file (did you mean 'web'?)"],
  ],
  [
    'services: {web: {image: a}}\nenvironments: {prod: {services: {web: {replicas: x}}}}',
    ["2:50 'replicas' must be a whole number or \"auto\", not 'x'"],
  ],
  [
    'services: {web: {image: a}}\nenvironments: {prod: {service: {}, x: 1}}',
    ["2:36 unknown key 'x' in environment 'prod'"],
  ],
  ['# only this', ['1:1 there is nothing in the file but comments']],
]

const TOML_MISTAKES: readonly [text: string, expected: string[]][] = [
  [
    '[[service]]\nname = "a[b"\nimage = "x"',
    [`2:8 'a[b': a name has lower-case letters, digits and "-", starts with a letter and ends with a letter or digit`],
  ],
  [
    '[[service]]\nname = "web"\nimage = "x"\nresources.gpu = { count = 1, modle = "x" }',
    ["4:30 unknown key 'modle' in 'resources.gpu' (did you mean 'model'?)"],
  ],
  [
    '[[service]]\nname = "a"\nimage = "x"\n\n[[service]]\nname = "b"\nimage = "x"\n[service.deploy] # [x]\nstrategy = "fast"',
    ["9:12 'deploy.strategy' must be one of rolling, blue-green, canary, recreate, not 'fast'"],
  ],
  ['[[service]]\nname = "a"\nimage = "x"\nroutes = [\n  "/a", # ]\n  3,\n]', ["6:3 'routes[1]' must be a text, not 3"]],
  ['[[service]]\nname = "a"\nimage = """\n[[service]]\nname = "z"\n"""\nport = 0', ["7:8 'port' must be at least 1"]],
  [
    '[[service]]\nname = "a"\nimage = "x"\nport = 9007199254740993',
    ['4:8 the number is beyond 2^53 and would lose digits; write it in quotes'],
  ],
  ['[[service]]\nname = "a"\nname = "b"', ['3:1 trying to redefine an already defined table or value']],
  ['[[service]]\nname = "a"\nimage = "x"\nenv = { "__proto__" = "x" }', ["4:9 '__proto__' cannot be a key"]],
]

describe('what is wrong is told with its place', () => {
  test('everything of all files at once', async () => {
    const a = write(
      'a.yaml',
      'services:\n  web:\n    image: x\n    replicsa: 3\n    port: 80800\n  Bad: {image: x}\nfoo: 1\n',
    )
    const b = write('b.toml', '[[service]]\nname = "db"\nimage = "x"\nreplicas = "three"\n')
    const error = await failure(loadManifest([a, b, join(folder, 'none.yaml')]))

    expect(error.code).toBe('MANIFEST_INVALID')
    expect((error.details as Problem[]).map(({file, line, column}) => [file, line, column])).toEqual([
      [a, 4, 5],
      [a, 5, 11],
      [a, 6, 3],
      [a, 7, 1],
      [b, 4, 12],
      [join(folder, 'none.yaml'), 1, 1],
    ])
    expect(error.message).toContain(`${a}:4:5: unknown key 'replicsa' in service 'web'; did you mean 'replicas'?`)
    expect(error.message).toContain('  4 |     replicsa: 3\n          ^')
  })

  test.each(YAML_MISTAKES)('%s', async (text, expected) => {
    expect(await problems(load('a.yaml', text))).toEqual(expected)
  })

  test.each(TOML_MISTAKES)('TOML %#', async (text, expected) => {
    expect(await problems(load('a.toml', text))).toEqual(expected)
  })

  test.each<[text: string, place: string]>([
    ['{"services": {"web": {"image": "a", "image": "b"}}}', "1:37 the key 'image' is given twice"],
    ['{"services": {"web": {"image": "a"},}}', '1:37 this is no JSON'],
    ['{\n\t"services": {\n\t\t"web": {"imge": "a", "command": "x"}}}', "3:11 unknown key 'imge'"],
  ])('JSON %s', async (text, place) => {
    const [first = ''] = await problems(load('a.json', text))
    expect(first.slice(0, place.length)).toBe(place)
  })
})

describe('what is told about the rest', () => {
  test('a thing in two files names the other place', async () => {
    const files = [write('a.yaml', 'services: {web: {image: a}}'), write('b.yaml', 'services: {web: {image: a}}')]
    expect(await problems(loadManifest(files))).toEqual([`1:12 service/web is also at ${files[0]}:1`])
  })

  test('an unknown environment lists the known ones', async () => {
    const text = 'services: {web: {image: a}}\nenvironments: {production: {}}'
    expect(await problems(load('a.yaml', text, {env: 'prod'}))).toEqual([
      "1:1 no file has the environment 'prod' (there are: production)",
    ])
  })

  test('control characters of a file do not reach the report', async () => {
    const error = await failure(load('a.yaml', 'services:\n  web: {image: a, "\\e[31mx": 1}\n'))
    expect(error.message).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
  })

  test('values of the environment are not repeated in messages', async () => {
    const error = await failure(load('a.yaml', 'services:\n  web:\n    image: a\n    env:\n      TOKEN: [hunter2]\n'))
    expect(JSON.stringify(error.details)).not.toContain('hunter2')
  })
})

describe('environments', () => {
  const text = `services:
  web: {image: a, replicas: 1, env: {A: "1", B: "1"}, port: 80, domain: dev.local, routes: [/a]}
environments:
  production:
    services:
      web: {replicas: 3, env: {B: "2"}, domain: null, routes: [/b]}
      mail: {image: mailer}
`
  test('maps are merged, the rest is replaced, null takes away, whole services are added', async () => {
    const {resources, environments} = await load('a.yaml', text, {env: 'production'})
    expect(environments).toEqual(['production'])
    expect(resources.map(({name}) => name)).toEqual(['web', 'mail'])
    expect(resources[0]?.spec).toMatchObject({replicas: 3, env: {A: '1', B: '2'}, routes: ['/b']})
    expect(resources[0]?.spec).not.toHaveProperty('domain')
  })

  test('without one, the file is as it stands', async () => {
    const {resources} = await load('a.yaml', text)
    expect(resources).toHaveLength(1)
    expect(resources[0]?.spec).toMatchObject({replicas: 1, domain: 'dev.local'})
  })
})

describe('what is refused unread', () => {
  test.each<[what: string, make: () => string, message: RegExp]>([
    [
      'a FIFO',
      () => {
        const file = join(folder, 'fifo.yaml')
        spawnSync('mkfifo', [file])
        return file
      },
      /no regular file/,
    ],
    ['a device', () => '/dev/zero', /no regular file/],
    [
      '2 GB',
      () => {
        const file = write('big.yaml', '')
        truncateSync(file, 2 ** 31)
        return file
      },
      /at most 16 MiB/,
    ],
    ['a NUL byte', () => write('a.yaml', 'services: {}\n\0'), /NUL byte/],
    ['invalid UTF-8', () => write('a.yaml', Buffer.from([0x61, 0x3a, 0x20, 0xff, 0xfe])), /UTF-8/],
    ['an empty file', () => write('a.yaml', ' \n'), /empty/],
    ['an empty folder', () => folder, /no plan/],
  ])('%s', async (_, make, message) => {
    const startedAt = performance.now()
    const error = await failure(loadManifest([make()]))
    expect(error.code).toBe('MANIFEST_INVALID')
    expect(error.message).toMatch(message)
    expect(performance.now() - startedAt).toBeLessThan(2000)
  })

  test('U+FFFD that was meant is accepted', async () => {
    expect((await load('a.yaml', 'services: {web: {image: a, env: {X: "\ufffd"}}}')).resources).toHaveLength(1)
  })
})

describe('what would use up the machine is refused', () => {
  test.each<[what: string, text: string, message: RegExp]>([
    ['flow nesting', `services: ${'['.repeat(10_000)}`, /deeper than 100|expected/],
    ['closed flow nesting', `services: ${'['.repeat(300)}${']'.repeat(300)}`, /deeper than 100/],
    ['map nesting', `services: ${'{a: '.repeat(10_000)}`, /deeper than 100/],
    ['block nesting', `${Array.from({length: 300}, (_, i) => `${' '.repeat(i)}a:`).join('\n')} 1`, /deeper than 100/],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
        .split('')
        .map((key, index) => `${key}: &${key} [${Array(9).fill(`*${'abcdefghi'[index]}`).join(',')}]`)
        .join('\n')}\nservices: {web: {image: *i}}`,
      /aliases expand to more than/,
    ],
    ['an alias of itself', 'services: &a {web: *a}', /no anchor/],
  ])('%s', async (_, text, message) => {
    const error = await failure(load('a.yaml', text))
    expect(error.message).toMatch(message)
  })

  test('deep TOML and JSON', async () => {
    expect((await failure(load('a.toml', `a = ${'['.repeat(5000)}`))).code).toBe('MANIFEST_INVALID')
    expect((await failure(load('a.toml', `${Array(300).fill('a').join('.')} = 1`))).message).toMatch(/deeper/)
    expect((await failure(load('a.json', `${'['.repeat(300)}${']'.repeat(300)}`))).message).toMatch(/deeper/)
  })

  test('nothing reaches a prototype', async () => {
    await load('a.yaml', 'services: {web: {image: a, labels: {__proto__: {polluted: 1}, constructor: x}}}').catch(
      () => undefined,
    )
    expect(({} as {polluted?: unknown}).polluted).toBeUndefined()
    const {resources} = await load('a.yaml', 'services: {constructor: {image: a, env: {toString: x, constructor: y}}}')
    expect(resources[0]?.spec).toMatchObject({name: 'constructor', env: {toString: 'x', constructor: 'y'}})
  })
})

test('an aborted signal ends the reading', async () => {
  const file = write('a.yaml', 'services: {web: {image: a}}')
  await expect(loadManifest([file], {signal: AbortSignal.abort()})).rejects.toThrow()
})
