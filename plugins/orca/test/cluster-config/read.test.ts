import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {isOmniError, OmniError} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {readClusterConfig} from '../../src/server/cluster-config/read.ts'
import {extraTokens} from '../../src/server/cluster-config/tokens.ts'
import {tokenDigest} from '../../src/server/store/tokens.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omni-cluster-'))
})
afterEach(() => rmSync(folder, {recursive: true}))

const GOOD = 'kWm3r8Tz5pQv1sXa7uBc'
const read = (text: string, mode = 0o600) => {
  const file = join(folder, 'cluster.toml')
  writeFileSync(file, text)
  chmodSync(file, mode)
  return readClusterConfig(file)
}
const problemsOf = async (text: string) => {
  const error: unknown = await read(text).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isOmniError(error) || error.code !== 'CONFIG_INVALID') throw new Error(`expected CONFIG_INVALID, got ${error}`)
  return {
    message: error.message,
    places: error.message
      .split('\n')
      .slice(1)
      .map((line) => line.replace(/^.*cluster\.toml:/, '')),
  }
}

/** As the README of Orca and its later change log have it, every block. */
const EVERYTHING = `
api_tokens = ["${GOOD}-legacy"]

[cluster]
name = "prod"
domain = "example.com"
acme_email = "ops@example.com"
log_level = "debug"
api_port = 7000
grpc_port = 7001
api_bind = ["0.0.0.0"]

[[node]]
address = "10.0.0.1"
labels = {zone = "a"}
[[node.gpus]]
vendor = "nvidia"
count = 2
model = "A100"

[[token]]
name = "ci"
value = "${GOOD}-ci"
role = "deployer"

[network]
provider = "netbird"
setup_key = "\${secrets.NB}"
management_url = "https://nb"

[observability]
otlp_endpoint = "http://otlp"
[observability.alerts]
webhook = "https://hook"
email = "a@b.c"

[ai]
provider = "ollama"
endpoint = "http://ai"
model = "m"
api_key = "\${secrets.AI}"
[ai.alerts]
enabled = true
analysis_interval_secs = 60
alert_grace_secs = 5
[ai.alerts.channels]
slack = "https://s"
[ai.auto_remediate]
restart_crashed = true
scale_on_pressure = true
rollback_on_failure = false

[backup]
schedule = "0 0 2 * * *"
retention_days = 3
age_recipients = ["age1x"]
keep_min = 2
prune_s3 = true
bind_mount_max_mb = 100
[[backup.targets]]
type = "local"
path = "/b"
[[backup.targets]]
type = "s3"
bucket = "b"
region = "r"
prefix = "p"
endpoint = "e"
access_key = "a"
secret_key = "s"

[cleanup]
schedule = "0 0 3 * * *"
registry_keep_tags = 2
registry_container = "r"

[fallback]
http = "10.0.0.9:80"
tls = "10.0.0.9:443"

[deploy]
ack_timeout_secs = 1
completion_timeout_secs = 2
adopt_orphans = false
adopt_interval_secs = 3
ws_idle_timeout_secs = 4

[reconcile]
config_dir = "/etc/orca"
interval_secs = 5

[security_headers]
enabled = true
hsts = "max-age=1"
content_type_options = "nosniff"
referrer_policy = "no-referrer"
frame_options = "DENY"
csp = "default-src 'self'"
extra = {"X-Test" = "1"}

[secrets]
encrypted_file = "s.age"
age_key_file = "k"
age_recipients = ["age1x"]
git_autocommit = false
`

describe('a file that is right', () => {
  it('may have every field, and each block without effect is named once', async () => {
    const {name, acmeEmail, listen, tokens, warnings} = await read(EVERYTHING)

    expect({name, acmeEmail, listen}).toEqual({
      name: 'prod',
      acmeEmail: 'ops@example.com',
      listen: {host: '0.0.0.0', port: 7000, isExplicit: true},
    })
    expect(tokens.map(({name, role}) => `${name} ${role}`)).toEqual(['api_tokens[0] admin', 'ci deployer'])
    const blocks = [
      'node',
      'network',
      'observability',
      'ai',
      'backup',
      'cleanup',
      'fallback',
      'deploy',
      'reconcile',
      'security_headers',
      'secrets',
    ]
    for (const block of blocks) expect(warnings.filter((warning) => warning.includes(`[${block}]`))).toHaveLength(1)
    expect(warnings).toHaveLength(blocks.length + 3)
  })

  it('needs nothing', async () => {
    expect(await read('# nothing yet\n[cluster]\n')).toMatchObject({
      name: 'orca',
      listen: {host: '127.0.0.1', port: 6880, isExplicit: false},
      tokens: [],
      warnings: [],
    })
  })

  it("may be that of Orca's guide", async () => {
    const {tokens, warnings} = await read(`
[[token]]
name = "sharang"
value = "abc123..."
role = "admin"

[[token]]
name = "gitea-ci"
value = "def456..."
role = "deployer"

[[token]]
name = "grafana"
value = "ghi789..."
role = "viewer"
`)

    expect(tokens.map(({role}) => role)).toEqual(['admin', 'deployer', 'viewer'])
    expect(warnings).toEqual(["short tokens can be guessed: 'sharang', 'gitea-ci', 'grafana'"])
  })

  it('gives a token without a role all rights, as Orca does, and says so', async () => {
    const {tokens, warnings} = await read(`[[token]]\nname = "x"\nvalue = "${GOOD}"\n`)

    expect(tokens).toMatchObject([{role: 'admin'}])
    expect(warnings).toEqual(["tokens without a role are for admins: 'x'"])
  })

  it('that others can read is warned about when it holds tokens', async () => {
    const text = `api_tokens = ["${GOOD}"]\n`

    expect((await read(text, 0o644)).warnings).toMatchObject([
      expect.stringMatching(/other users can read .*chmod 600/),
    ])
    expect((await read(text, 0o600)).warnings).toEqual([])
    expect((await read(`api_tokens = ["\${secrets.T}"]\n`, 0o644)).warnings).toEqual([])
  })
})

describe('a file that is wrong', () => {
  it('is refused with all problems and their places', async () => {
    const {message, places} = await problemsOf(`api_tokens = ["", 7]

[cluster]
nmae = "x"
api_port = "6880"
domain = "no host"
api_bind = []
log_level = "loud"

[[token]]
name = "a"
value = "short"
role = "boss"

[[token]]
name = "a"
value = "${GOOD}"

[[token]]
value = "${GOOD}"

[netwrok]
x = 1

[backup]
retention_days = -1
`)

    expect(places).toEqual([
      '1:15: the token is empty',
      "1:19: 'api_tokens[1]' must be a text, not a number",
      "4:1: unknown key 'nmae' in 'cluster'; did you mean 'name'?",
      "5:12: 'cluster.api_port' must be a whole number, not '6880'",
      '6:10: a host name has letters, digits and "-" between dots',
      '7:12: the API listens on one address here; name one, "0.0.0.0" or "::" for all',
      "8:13: 'log_level' must be one of off, error, warn, info, debug, trace",
      '12:9: the token is too short: it has at least 8 characters, better 32',
      "13:8: 'token[0].role' must be one of admin, deployer, viewer, not 'boss'",
      '16:8: this name is used by [[token]] number 1 already',
      "19:1: 'token[2].name' is missing in file 'cluster.toml'",
      '20:9: this token is the same as [[token]] number 2; give each its own',
      "22:2: unknown key 'netwrok' in file 'cluster.toml'; did you mean 'network'?",
      "26:18: 'backup.retention_days' must be at least 0",
    ])
    expect(message).toContain('14 problems')
    expect(message).not.toContain(GOOD)
  })

  it.each([
    ['[cluster]\nname = "a"\napi_tokens = ["x"]\n', "'api_tokens' stands before the first [table]"],
    ['[cluster.network]\nprovider = "netbird"\n', '[network] is a table of its own'],
    [`[cluster]\nname = "\${secrets.X}"\n`, 'references to secrets are for tokens'],
    ['[[token]]\nname = "a"\nvalue = "changeme123"\n', 'the token can be guessed'],
    ['[[token]]\nname = "a"\nvalue = "aaaaaaaaaaaaaaaaaaaaaa"\n', 'the token can be guessed'],
    [`[[token]]\nname = "a"\nvalue = "two ${GOOD}"\n`, 'only visible ASCII'],
    ['token = "x"\n', "'token' must be a list"],
    ['[[backup.targets]]\ntype = "ftp"\n', 'one of local, s3'],
    ['[cluster\n', 'cluster.toml:1:'],
    ['name = "unterminated\n', 'cluster.toml:1:'],
    ['a = 1\na = 2\n', 'cluster.toml:2:'],
    ['', 'the file is empty'],
    ['\u0000', 'NUL'],
  ])('such as %j is told: %s', async (text, expected) => {
    expect((await problemsOf(text)).message).toContain(expected)
  })

  it('never shows a line of itself: it may hold a token', async () => {
    const {message} = await problemsOf(`api_tokens = ["${GOOD}", "${GOOD}"]\nvalue = "${GOOD}`)

    expect(message).not.toContain(GOOD)
  })

  it.each([
    ['is missing', () => join(folder, 'none.toml'), 'there is no such file'],
    ['is a folder', () => folder, 'it is a folder'],
  ])('or that %s', async (_, file, expected) => {
    await expect(readClusterConfig(file())).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(expected),
    })
  })
})

describe('tokens become digests', () => {
  const secrets = {
    missing: ({value = ''}: Readonly<Record<string, string>>) => (value.includes('NONE') ? ['NONE'] : []),
    resolve: ({value = ''}: Readonly<Record<string, string>>) => {
      if (value.includes('NONE')) throw new OmniError('NOT_FOUND', 'not set')
      return {value: value.replace(`\${secrets.CI}`, GOOD).replace(`\${secrets.BAD}`, 'short')}
    },
  }
  const token = (value: string) => [{name: 'ci', role: 'deployer' as const, value}]

  it('with references to secrets filled in', () => {
    expect(extraTokens(token(`\${secrets.CI}`), secrets)).toEqual([
      {name: 'ci', role: 'deployer', digest: tokenDigest(GOOD)},
    ])
  })

  it.each([
    [`\${secrets.NONE}`, "token 'ci' needs the secret 'NONE'"],
    [`\${secrets.BAD}`, 'too short'],
  ])('and %s is refused: %s', (value, expected) => {
    expect(() => extraTokens(token(value), secrets)).toThrow(expected)
  })
})
