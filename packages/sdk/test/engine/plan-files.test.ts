// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of plans
import {spawnSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, dirname, join, relative} from 'node:path'
import {isOmniError} from '@omni-cli/sdk'
import {type LoadOptions, loadManifest, locate, type Manifest, type Problem, planSchema} from '@omni-cli/sdk/engine'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {z} from 'zod'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omni-plans-'))
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

const load = (content: string, options: LoadOptions = {}) =>
  loadManifest([write('plan.yaml', content)], {environment: {}, ...options})

/** `file:line:column message (hint)` of each problem. */
async function problems(loading: Promise<unknown>): Promise<string[]> {
  const error: unknown = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isOmniError(error)) throw error ?? new Error('it was accepted')
  return (error.details as Problem[]).map(lineOf)
}

const lineOf = ({file, line, column, message, hint}: Problem) =>
  `${file.startsWith(folder) ? relative(folder, file) : file}:${line}:${column} ${message}${hint === undefined ? '' : ` (${hint})`}`

const names = ({resources}: Manifest) => resources.map(({kind, name}) => `${kind}/${name}`)

const instance = (manifest: Manifest, name = 'web') => {
  const found = manifest.resources.find((resource) => resource.name === name)
  if (found?.kind !== 'instance') throw new Error(`there is no ${name}`)
  return found
}

describe('variables', () => {
  const plan = `variables:
  image: debian:12
  cpus: 2
  fast: false
instances:
  web: {image: "\${var.image}", cpus: "\${var.cpus}", autostart: "\${var.fast}", metadata: {tier: "t-\${var.cpus}"}}
`

  test('a text that is nothing but a reference keeps the type of the value', async () => {
    const {spec} = instance(await load(plan))
    expect(spec).toMatchObject({image: 'debian:12', cpus: 2, autostart: false, metadata: {tier: 't-2'}})
  })

  test('a flag wins over a file, the file over the environment, and that over the default', async () => {
    const varFiles = [write('values.yaml', 'image: from-file\ncpus: 3\n')]
    const environment = {OMNI_VAR_image: 'from-env', OMNI_VAR_CPUS: '4', OMNI_VAR_fast: 'true'}
    const {spec} = instance(await load(plan, {vars: ['image=from-flag'], varFiles, environment}))
    expect(spec).toMatchObject({image: 'from-flag', cpus: 3, autostart: true})
  })

  test('values are read as YAML does, but a text stays a text', async () => {
    const text = 'variables: {version: "1.0"}\ninstances: {web: {image: "x:${var.version}"}}'
    expect(instance(await load(text, {vars: ['version=1.10']})).spec.image).toBe('x:1.10')
    expect(instance(await load(text, {vars: ['version=']})).spec.image).toBe('x:')
  })

  test('a doubled dollar stands for the characters themselves', async () => {
    const {spec} = instance(await load('instances: {web: {metadata: {a: "$${var.x} ${secrets.y}"}}}'))
    expect(spec.metadata).toEqual({a: '${var.x} ${secrets.y}'})
  })

  test('everything unknown, missing or of the wrong type is told at once, with its place', async () => {
    const text = `variables:
  cpus: 2
  token:
  1st: a
  list: [1]
  odd: {defualt: 1}
instances:
  web:
    cpus: \${var.cpu}
    metadata: {a: "x \${var.nope}", b: "\${var.}"}
`
    const varFiles = [write('values.toml', 'memroy = 1\n')]
    expect(await problems(load(text, {vars: ['cpus=many', 'cpsu=3'], varFiles}))).toEqual([
      "--var cpsu:1:1 no file declares the variable 'cpsu' (did you mean 'cpus'?)",
      "plan.yaml:2:3 'cpus' is a number by its default; the value of --var is none",
      "plan.yaml:3:3 the variable 'token' has no value (--var NAME=VALUE, --var-file FILE or OMNI_VAR_token)",
      "plan.yaml:4:3 '1st' is no name for a variable; it has letters, digits, '_' and '-'",
      "plan.yaml:5:3 the variable 'list' cannot be a list",
      "plan.yaml:6:3 a variable has 'default', 'description' and 'secret'; 'defualt' is not known",
      expect.stringMatching(/^plan\.yaml:9:11 .*'cpus'\?\)$/),
      expect.stringContaining("plan.yaml:9:11 'cpus' must be a whole number"),
      "plan.yaml:10:22 there is no variable 'nope'",
      "plan.yaml:10:40 there is no variable ''",
      "values.toml:1:1 no file declares the variable 'memroy'",
    ])
  })

  test('secret values are in no message and no warning', async () => {
    const text = `variables:
  password:
  pin: {secret: true}
instances:
  web: {memory: "\${var.password}", image: "\${var.pin}", cloud_init: "#cloud-config\\nx\${var.password}: 1"}
`
    const environment = {OMNI_VAR_password: 'hunter-two', OMNI_VAR_pin: 'swordfish'}
    expect((await problems(load(text, {environment}))).join('\n')).not.toMatch(/hunter|swordfish/)
    const fine = await load(text.replace('memory: "${var.password}", ', ''), {environment})
    expect(fine.secrets).toEqual(['hunter-two', 'swordfish'])
    expect(JSON.stringify(fine.warnings)).not.toMatch(/hunter/)
  })

  test('a secret on the command line is warned about', async () => {
    const {warnings} = await load('variables: {api_key: x}\ninstances: {web: {}}', {vars: ['api_key=abc']})
    expect(warnings.map(lineOf)).toEqual([
      "--var api_key:1:1 everybody on this machine can see the value of 'api_key' in the list of processes (OMNI_VAR_api_key or --var-file)",
    ])
  })

  test('one without quotes between braces is told once', async () => {
    expect(await problems(load('instances:\n  web: {cpus: ${var.cpus}, image: x}\n  db: {}\n'))).toEqual([
      'plan.yaml:2:16 between { } and [ ], a reference is put in quotes ("${var.NAME}")',
    ])
  })

  test('names of object properties are names', async () => {
    const text =
      'variables: {constructor: a, toString: b}\ninstances: {web: {image: "${var.constructor}${var.toString}"}}'
    expect(instance(await load(text)).spec.image).toBe('ab')
    expect(await problems(load('instances: {web: {image: "${var.constructor}"}}'))).toEqual([
      "plan.yaml:1:27 there is no variable 'constructor' (declare it under 'variables:')",
    ])
  })
})

test('a default that refers to a variable is refused where it does', async () => {
  const text = `variables:
  b: 1
  a: "\${var.b}"
  c: {default: "x-\${var.nope}"}
  d: "$\${var.b}"
instances:
  web: {image: "\${var.a}\${var.c}\${var.d}"}
`
  const hint = 'give the value itself, or put the two together where they are used'
  expect(await problems(load(text))).toEqual([
    `plan.yaml:3:7 the default of 'a' cannot refer to a variable: '\${var.b}' (${hint})`,
    `plan.yaml:4:19 the default of 'c' cannot refer to a variable: '\${var.nope}' (${hint})`,
  ])
})

describe('include', () => {
  test('included files belong to the plan: its name, its variables, its environments', async () => {
    write(
      'parts/base.yaml',
      'variables: {image: old, size: 1GiB}\ninstances: {db: {image: "${var.image}", memory: "${var.size}"}}',
    )
    write('net.toml', '[networks.lan]\nipv4 = "10.9.0.1/24"\n')
    const manifest = await load(
      `include: [parts/base.yaml, net.toml]
variables: {image: new}
instances: {web: {image: "\${var.image}"}}
environments: {big: {instances: {db: {cpus: 8}}}}
`,
      {env: 'big'},
    )
    expect(names(manifest)).toEqual(['instance/db', 'network/lan', 'instance/web'])
    expect(manifest.plans).toEqual([basename(folder)])
    expect(new Set(manifest.resources.map(({plan}) => plan))).toEqual(new Set(manifest.plans))
    expect(instance(manifest, 'db').spec).toMatchObject({image: 'new', memory: 1024 ** 3, cpus: 8})
  })

  test('places are those of the file that says it, also after an overlay of another one', async () => {
    write('base.yaml', 'instances:\n  db:\n    cpus: 2\n')
    const text = 'include: base.yaml\nenvironments:\n  big:\n    instances:\n      db: {cpus: many, memory: 1}\n'
    expect(await problems(load(text))).toEqual([
      expect.stringMatching(/^plan\.yaml:5:18 'cpus' must be a whole number/),
      expect.stringMatching(/^plan\.yaml:5:32 'memory'/),
    ])
    write('base.yaml', 'instances:\n  db:\n    cpus: many\n')
    expect(await problems(load('include: base.yaml'))).toEqual([expect.stringMatching(/^base\.yaml:3:11 'cpus'/)])
  })

  test('a file is read once, however often and by whatever name it is included', async () => {
    write('a.yaml', 'include: [c.yaml]\ninstances: {a: {}}')
    write('b.yaml', 'include: [./c.yaml, link.yaml]\ninstances: {b: {}}')
    write('c.yaml', 'instances: {c: {}}')
    symlinkSync('c.yaml', join(folder, 'link.yaml'))
    expect(names(await load('include: [a.yaml, b.yaml, a.yaml]'))).toEqual(['instance/c', 'instance/a', 'instance/b'])
  })

  test('a cycle is told with its chain', async () => {
    write('a.yaml', 'include: [b.yaml]')
    write('b.yaml', 'include: [plan.yaml]')
    const [problem] = await problems(load('include: [a.yaml]\ninstances: {web: {}}'))
    expect(problem?.replaceAll(`${folder}/`, '')).toBe(
      'b.yaml:1:11 the files include each other: plan.yaml → a.yaml → b.yaml → plan.yaml',
    )
  })

  test('what is no readable file is refused at the place that names it', async () => {
    mkdirSync(join(folder, 'dir'))
    spawnSync('mkfifo', [join(folder, 'fifo')])
    symlinkSync('nowhere', join(folder, 'dangling'))
    write('huge', '')
    truncateSync(join(folder, 'huge'), 1e10)
    expect(await problems(load('include: [gone.yaml, dir, fifo, dangling, huge, 3]'))).toEqual([
      "plan.yaml:1:11 cannot include 'gone.yaml': there is no such file",
      "plan.yaml:1:22 cannot include 'dir': it is a folder, a file is needed",
      "plan.yaml:1:27 cannot include 'fifo': it is no regular file",
      "plan.yaml:1:33 cannot include 'dangling': there is no such file",
      expect.stringContaining("plan.yaml:1:43 cannot include 'huge': it has 10000000000 bytes"),
      "plan.yaml:1:49 'include' takes files, relative to this one",
    ])
  })

  test('depth and number have their limits', async () => {
    for (let index = 0; index < 15; index++) write(`d${index}.yaml`, `include: [d${index + 1}.yaml]`)
    expect(await problems(load('include: [d0.yaml]'))).toEqual([
      expect.stringContaining('d9.yaml:1:11 included deeper than 10 files'),
    ])
    const many = Array.from({length: 101}, (_, index) => `m${index}.yaml`)
    for (const name of many) write(name, 'project: x')
    expect(await problems(load(`include: [${many.join(', ')}]`))).toEqual([
      expect.stringContaining('more than 100 files are included'),
    ])
  })
})

describe('count', () => {
  test('makes numbered machines, with their numbers in texts', async () => {
    const manifest = await load(
      `instances:
  web:
    count: 2
    cpus: \${index}
    image: "x"
    network: {ipv4: "10.0.0.1\${index}", mac: "00:16:3e:00:00:0\${index}"}
    cloud_init: "#cloud-config\\nhostname: web-\${index}\\nruncmd: ['echo $\${index}']"
`,
    )
    expect(names(manifest)).toEqual(['instance/web-1', 'instance/web-2'])
    expect(instance(manifest, 'web-2').spec).toEqual({
      name: 'web-2',
      image: 'x',
      type: 'container',
      cpus: 2,
      network: {type: 'bridge', ipv4: '10.0.0.12', mac: '00:16:3e:00:00:02'},
      cloud_init: "#cloud-config\nhostname: web-2\nruncmd: ['echo ${index}']",
    })
  })

  test('without a count, ${index} is a text', async () => {
    expect(instance(await load('instances: {web: {metadata: {a: "${index}"}}}')).spec.metadata).toEqual({a: '${index}'})
  })

  test('the number may be a variable, and belong to an environment', async () => {
    const text =
      'variables: {n: 2}\ninstances: {web: {count: "${var.n}"}}\nenvironments: {big: {instances: {web: {count: 4}}}}'
    expect(names(await load(text, {vars: ['n=3']}))).toHaveLength(3)
    expect(names(await load(text, {env: 'big'}))).toHaveLength(4)
  })

  test.each([
    ['count: 0', /'count' must be at least 1/],
    ['count: 501', /'count' must be at most 500/],
    ['count: 1.5', /'count' must be a whole number/],
    ['count: many', /'count' must be a whole number/],
  ])('%s is refused', async (field, message) => {
    expect(await problems(load(`instances: {web: {${field}}}`))).toEqual([expect.stringMatching(message)])
  })

  test('a mistake is told once, not for each of them', async () => {
    expect(await problems(load('instances: {web: {count: 50, cpus: x, nope: 1}}'))).toHaveLength(2)
  })

  test('the name with its number has to fit, and must not be taken', async () => {
    const name = 'a'.repeat(61)
    expect(await problems(load(`instances: {${name}: {count: 10}}`))).toEqual([
      expect.stringContaining(`with its number, the name '${name}-10' has 64 characters; at most 63 are allowed`),
    ])
    expect(names(await load(`instances: {${name}: {count: 9}}`))).toHaveLength(9)
    expect(await problems(load('instances:\n  web: {count: 2}\n  web-2: {}'))).toEqual([
      expect.stringContaining('instance/web-2 is also at'),
    ])
  })

  test('locate finds the field in the file', async () => {
    const manifest = await load('instances:\n  web:\n    count: 2\n    network:\n      ipv4: auto\n')
    expect(locate(manifest, 'instance/web-2', ['network', 'ipv4'])).toMatchObject({line: 5, column: 13})
    expect(locate(manifest, 'instance/web-2', ['cpus'])).toMatchObject({line: 2, column: 3})
    expect(locate(manifest, 'instance/other')).toBeUndefined()
  })
})

describe('tags and labels', () => {
  test('tags are labels', async () => {
    const {spec, written} = instance(await load('instances: {web: {tags: [edge, eu], metadata: {role: x}}}'))
    expect(spec).toMatchObject({metadata: {role: 'x', edge: 'true', eu: 'true'}})
    expect(spec).not.toHaveProperty('tags')
    expect(written).toEqual({name: 'web', metadata: {role: 'x', edge: 'true', eu: 'true'}})
  })

  test('a tag that is a label too, and labels of omni itself, are refused', async () => {
    expect(await problems(load('instances:\n  web:\n    tags: [a]\n    metadata: {a: x, omni.plan: y}'))).toEqual([
      "plan.yaml:3:12 'a' is a key of 'metadata', too",
      "plan.yaml:4:33 labels that begin with 'omni.' are kept for omni itself",
    ])
  })
})

describe('user data', () => {
  test('a map is written as a cloud-config', async () => {
    const {spec, written} = instance(
      await load('instances: {web: {cloud_init: {packages: [nginx], runcmd: ["a: b"]}}}'),
    )
    expect(spec.cloud_init).toBe("#cloud-config\npackages:\n  - nginx\nruncmd:\n  - 'a: b'\n")
    expect(written.cloud_init).toBe(spec.cloud_init)
  })

  test('a file is sent as it is', async () => {
    const text = '#cloud-config\nruncmd:\n  - echo ${index} ${var.x}\n'
    write('seeds/web.yaml', text)
    const {spec} = instance(await load('instances: {web: {count: 1, cloud_init_file: seeds/web.yaml}}'), 'web-1')
    expect(spec.cloud_init).toBe(text)
    expect(spec).not.toHaveProperty('cloud_init_file')
  })

  test.each([
    '#!/bin/sh\necho',
    '#cloud-config\n',
    '## template: jinja\n#cloud-config\n{% x %}',
    '#include\nhttp://x',
    'Content-Type: multipart/mixed; x',
  ])('the form %j is known', async (text) => {
    const manifest = await load(JSON.stringify({instances: {web: {cloud_init: text}}}))
    expect(instance(manifest).spec.cloud_init).toBe(text)
    expect(manifest.warnings).toEqual([])
  })
})

describe('mistakes in user data', () => {
  test('mistakes have their places in the plan', async () => {
    const text = `instances:
  none:
    cloud_init: |
      packages: [nginx]
  broken:
    cloud_init: |
      #cloud-config
      packages: [nginx
      runcmd: x
  list:
    cloud_init: |
      #cloud-config
      - a
  twice:
    cloud_init: "#cloud-config\\nusers: 1\\nusers: 2"
  both: {cloud_init: "#!x", cloud_init_file: x}
`
    expect(await problems(load(text))).toEqual([
      "plan.yaml:4:1 this is no user data that cloud-init knows (begin it with a line '#cloud-config')",
      expect.stringMatching(/^plan\.yaml:9:\d+ /),
      'plan.yaml:13:7 a cloud-config is a map',
      "plan.yaml:15:17 line 3 of the user data: the key 'users' is given twice",
      "plan.yaml:16:29 give 'cloud_init' or 'cloud_init_file', not both",
    ])
  })

  test('keys that cloud-init does not know are warned about', async () => {
    write('seed', '#cloud-config\n\npackges: []\n')
    const {warnings} = await load(
      'instances:\n  a:\n    cloud_init: |\n      #cloud-config\n      runcdm: []\n      users: []\n  b: {cloud_init: {write_file: []}}\n  c: {cloud_init_file: seed}',
    )
    expect(warnings.map(lineOf).sort()).toEqual([
      "plan.yaml:5:7 cloud-init knows no 'runcdm' (did you mean 'runcmd'?)",
      "plan.yaml:7:20 cloud-init knows no 'write_file' (did you mean 'write_files'?)",
      "seed:3:1 cloud-init knows no 'packges' (did you mean 'packages'?)",
    ])
  })

  test('what is no file of user data is refused at the place that names it', async () => {
    mkdirSync(join(folder, 'dir'))
    spawnSync('mkfifo', [join(folder, 'fifo')])
    symlinkSync('loop', join(folder, 'loop'))
    write('huge', '')
    truncateSync(join(folder, 'huge'), 2e6)
    write('plain', 'packages: []\n')
    write('latin', Buffer.from([0x23, 0x21, 0xe4, 0x0a]))
    const files = ['gone', 'dir', 'fifo', 'loop', 'huge', 'plain', 'latin']
    const text = `instances:\n${files.map((file) => `  ${file}: {cloud_init_file: ${file}}\n`).join('')}`
    expect(await problems(load(text))).toEqual([
      expect.stringContaining('latin:1:3'),
      expect.stringContaining('plain:1:1 this is no user data'),
      "plan.yaml:2:27 cannot read 'gone': there is no such file",
      "plan.yaml:3:26 cannot read 'dir': it is a folder, a file is needed",
      "plan.yaml:4:27 cannot read 'fifo': it is no regular file",
      expect.stringContaining("plan.yaml:5:27 cannot read 'loop': "),
      expect.stringContaining(
        "plan.yaml:6:27 cannot read 'huge': it has more than 1048576 bytes; at most 1 MiB are read",
      ),
    ])
  })
})

describe('sizes and names', () => {
  test.each([
    ['1G', 1e9],
    ['1GB', 1e9],
    ['1gb', 1e9],
    ['1GiB', 1024 ** 3],
    ['1Gi', 1024 ** 3],
    ['1.5GiB', 1.5 * 1024 ** 3],
    ['512M', 512e6],
    ['512 MiB', 512 * 1024 ** 2],
    ['2T', 2e12],
    [1073741824, 1024 ** 3],
  ])('%s is %d bytes', async (size, bytes) => {
    const {spec} = instance(await load(JSON.stringify({instances: {web: {memory: size, disk: size}}})))
    expect(spec).toMatchObject({memory: bytes, disk: bytes})
  })

  test.each(['', 'G', '-1G', '1e9', '1GG', '50%', 2, 0, '512', 1.5, true, '9999999T'])(
    'the size %j is refused',
    async (size) => {
      expect(await problems(load(JSON.stringify({instances: {web: {memory: size}}})))).toHaveLength(1)
    },
  )

  test.each([
    '../../etc/x',
    'a/b',
    '.',
    '..',
    '',
    'a'.repeat(64),
    '-rf',
    '--help',
    'a.',
    'a ',
    '%2e%2e',
    'a\0',
    'a\nb',
    '🙂',
    '\u202ea',
    'wеb',
    '__proto__',
    'Web',
    '1web',
    'a_b',
    'a-',
  ])('the name %j is refused for machines, profiles and networks', async (name) => {
    for (const section of ['instances', 'profiles', 'networks']) {
      const text = `{${JSON.stringify(section)}: {${JSON.stringify(name)}: {}}}`
      expect(await problems(loadManifest([write('plan.json', text)]))).not.toEqual([])
    }
  })

  test('names of object properties are names', async () => {
    expect(names(await load('instances: {constructor: {}, tostring: {}}\nnetworks: {valueof: {}}'))).toHaveLength(3)
  })
})

test('what is wrong with a text is told in the words of the schema', async () => {
  const text = 'instances: {a: {network: {mac: "zz"}}}\nnetworks: {far-too-long-a-name: {}}'
  expect(await problems(load(text))).toEqual([
    "plan.yaml:1:32 'network.mac' is no hardware address; write 00:16:3e:12:34:56",
    `plan.yaml:2:12 'name' has at most 15 lower-case letters, digits and "-"`,
  ])
})

describe('what two things cannot both have', () => {
  test('ports, addresses and ranges', async () => {
    const text = `instances:
  a: {ports: [{listen: 80, target: 80}], network: {ipv4: 10.0.0.5, mac: "00:16:3e:00:00:01"}}
  b: {ports: [{listen: 80, target: 80}], network: {ipv4: 10.0.0.5, mac: "00:16:3E:00:00:01"}}
  c: {ports: [{listen: 80, target: 80, protocol: udp}, {listen: 80, target: 1, host_ip: 10.1.1.1}], network: {name: other, ipv4: 10.0.0.5}}
  d: {ports: [{listen: 80, target: 80, host_ip: 0.0.0.0}]}
networks:
  one: {ipv4: 10.1.0.1/16}
  two: {ipv4: 10.1.2.1/24}
  three: {ipv4: 10.2.0.1/16}
`
    expect(await problems(load(text))).toEqual([
      "plan.yaml:3:24 instance/b: port 80 of the host leads to 'a' already",
      "plan.yaml:3:58 instance/b: 'a' has 10.0.0.5 already",
      "plan.yaml:3:73 instance/b: 'a' has 00:16:3e:00:00:01 already",
      "plan.yaml:5:24 instance/d: port 80 of the host leads to 'a' already",
      "plan.yaml:8:15 network/two: 10.1.2.1/24 overlaps with 10.1.0.1/16 of network 'one'",
    ])
  })

  test.each([
    ['instances: {a: {network: {ipv4: 10.0.0.256}}}', /is no IPv4 address/],
    ['networks: {a: {ipv4: 10.0.0.1}}', /is no address with a prefix/],
    ['networks: {a: {ipv4: 10.0.0.1/33}}', /is no address with a prefix/],
    ['networks: {a: {ipv6: fd42::1}}', /is no address with a prefix/],
  ])('%s is refused', async (text, message) => {
    expect(await problems(load(text))).toEqual([expect.stringMatching(message)])
  })
})

describe('the JSON Schema', () => {
  const schema = z.fromJSONSchema(planSchema() as Parameters<typeof z.fromJSONSchema>[0])

  test.each([
    [true, {instances: {web: {image: 'x', cpus: 2, memory: '1GiB', network: {ipv4: 'auto'}}}}],
    [true, {instances: {web: {cpus: '${var.cpus}', type: '${var.type}', autostart: '${var.a}'}}}],
    [true, {instances: [{name: 'web'}], include: ['a.yaml'], variables: {a: 1, b: null, c: {secret: true}}}],
    [true, {instances: {web: {}}, environments: {big: {instances: {web: {cpus: 4, cloud_init: null}}}}}],
    [true, {networks: {lan: {ipv4: '10.0.0.1/24'}}, profiles: {web: {config: {a: 1}}}}],
    [false, {instances: {web: {cpus: 'two'}}}],
    [false, {instances: {web: {cpu: 2}}}],
    [false, {instance: {}}],
    [false, {instances: {web: {type: 'docker'}}}],
  ])('accepts: %j of %j', (isRight, plan) => {
    expect(schema.safeParse(plan).success).toBe(isRight)
  })
})
