import {mkdtemp, readdir, readFile, stat, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {
  backoffMs,
  ensurePrivateDir,
  escapeTerminal,
  isSecretKey,
  mapLimit,
  nearest,
  OmniError,
  poll,
  redact,
  retry,
  sleep,
  writeFileAtomic,
} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'

const abortedSignal = (): AbortSignal => AbortSignal.abort(new Error('stop'))

describe('sleep and poll', () => {
  it('sleep ends with ABORTED as soon as the signal is aborted', async () => {
    const controller = new AbortController()
    const sleeping = sleep(60_000, controller.signal)
    controller.abort()

    await expect(sleeping).rejects.toMatchObject({code: 'ABORTED'})
    await expect(sleep(60_000, abortedSignal())).rejects.toMatchObject({code: 'ABORTED'})
  })

  it('poll asks until there is an answer, and gives it', async () => {
    const answers = [undefined, false, 0] as const
    let asked = 0

    await expect(poll({everyMs: 1, timeoutMs: 5_000}, () => answers[asked++])).resolves.toBe(0)
    expect(asked).toBe(3)
  })

  it('poll ends with TIMEOUT even when the probe hangs, and asks no more', async () => {
    let asked = 0
    const hanging = poll({everyMs: 1, timeoutMs: 20}, () => {
      asked++
      return new Promise<undefined>(() => undefined)
    })

    await expect(hanging).rejects.toMatchObject({code: 'TIMEOUT'})
    expect(asked).toBe(1)
  })

  it('poll passes on what the probe throws and what the signal says', async () => {
    await expect(poll({everyMs: 1, timeoutMs: 1_000}, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(() => poll({everyMs: 1, timeoutMs: 1_000, signal: abortedSignal()}, () => 1)).toThrow('interrupted')
  })
})

describe('mapLimit', () => {
  it('keeps the order, never runs more than the limit, and runs all', async () => {
    let running = 0
    let most = 0
    const results = await mapLimit([30, 1, 20, 5, 1], 2, async (ms, index) => {
      most = Math.max(most, ++running)
      await sleep(ms)
      running--
      return `${index}:${ms}`
    })

    expect(results).toEqual(['0:30', '1:1', '2:20', '3:5', '4:1'])
    expect(most).toBe(2)
  })

  it('starts nothing new after a failure and waits for what runs', async () => {
    const started: number[] = []
    const ended: number[] = []
    const all = mapLimit([1, 2, 3, 4], 2, async (item) => {
      started.push(item)
      if (item === 1) throw new Error('first')
      await sleep(10)
      ended.push(item)
    })

    await expect(all).rejects.toThrow('first')
    expect(started).toEqual([1, 2])
    expect(ended).toEqual([2])
  })

  it('of nothing is nothing', async () => {
    await expect(mapLimit([], 3, () => Promise.reject(new Error('never')))).resolves.toEqual([])
  })
})

describe('retry', () => {
  const busy = () => new OmniError('UNAVAILABLE', 'busy', {retryable: true})

  it('tries again what may succeed later, and gives the last error', async () => {
    let calls = 0
    const options = {attempts: 3, baseMs: 1, maxMs: 2}

    await expect(retry(options, async (attempt) => (attempt < 3 ? Promise.reject(busy()) : attempt))).resolves.toBe(3)
    await expect(
      retry(options, () => {
        calls++
        return Promise.reject(busy())
      }),
    ).rejects.toMatchObject({code: 'UNAVAILABLE'})
    expect(calls).toBe(3)
  })

  it('tries nothing again that cannot succeed', async () => {
    let calls = 0

    await expect(
      retry({attempts: 9, baseMs: 1, maxMs: 1}, () => {
        calls++
        return Promise.reject(new Error('no'))
      }),
    ).rejects.toThrow('no')
    expect(calls).toBe(1)
  })

  it('waits longer each time, up to the most', () => {
    for (const [attempt, full] of [
      [1, 100],
      [2, 200],
      [3, 400],
      [9, 1000],
    ] as const) {
      const wait = backoffMs(attempt, {baseMs: 100, maxMs: 1000})
      expect(wait).toBeGreaterThanOrEqual(full / 2)
      expect(wait).toBeLessThanOrEqual(full)
    }
  })
})

describe('files', () => {
  const folder = () => mkdtemp(join(tmpdir(), 'omni-files-'))

  it('replaces a file as a whole, for this user alone, and leaves no other file behind', async () => {
    const dir = await folder()
    const path = join(dir, 'a')
    await writeFile(path, 'old', {mode: 0o644})

    await writeFileAtomic(path, 'new')

    expect(await readFile(path, 'utf8')).toBe('new')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(dir)).toEqual(['a'])
  })

  it('says what is wrong when it cannot write, and keeps the old content', async () => {
    const dir = await folder()
    await writeFile(join(dir, 'a'), 'old')

    await expect(writeFileAtomic(join(dir, 'none', 'a'), 'x')).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('the folder does not exist'),
    })
    await expect(writeFileAtomic(join(dir, 'a', 'b'), 'x')).rejects.toMatchObject({code: 'IO'})
    expect(await readFile(join(dir, 'a'), 'utf8')).toBe('old')
  })

  it('makes private folders, narrows its own, and refuses links and files', async () => {
    const dir = await folder()
    await ensurePrivateDir(join(dir, 'a', 'b'))
    expect((await stat(join(dir, 'a', 'b'))).mode & 0o777).toBe(0o700)

    await symlink(join(dir, 'a'), join(dir, 'link'))
    await writeFile(join(dir, 'file'), '')
    await expect(ensurePrivateDir(join(dir, 'link'))).rejects.toMatchObject({code: 'IO'})
    await expect(ensurePrivateDir(join(dir, 'file'))).rejects.toMatchObject({code: 'IO'})
  })
})

describe('escapeTerminal', () => {
  it.each([
    ['plain text-1', 'plain text-1'],
    ['日本語 e\u0301 ñ', '日本語 e\u0301 ñ'],
    ['👩‍💻 ❤️', '👩‍💻 ❤️'],
    ['a\nb\tc\rd', 'a\\nb\\tc\\rd'],
    ['\u001b[31mred', '\\e[31mred'],
    ['\u001b]0;title\u0007', '\\e]0;title\\x07'],
    ['\u009b31m', '\\x9b31m'],
    ['\u0000\u0008\u007f', '\\x00\\x08\\x7f'],
    ['user\u202eexe.txt', 'user\\u202eexe.txt'],
    ['a\u200bb\u200db\ufeffc', 'a\\u200bb\\u200db\\ufeffc'],
    ['\u2028\u2066x\u2069', '\\u2028\\u2066x\\u2069'],
    ['\ud800', '\\ud800'],
    ['\u{e0041}', '\\u{e0041}'],
  ])('%j', (text, shown) => {
    expect(escapeTerminal(text)).toBe(shown)
  })
})

describe('redact', () => {
  it('masks values under secret keys, at any depth', () => {
    expect(
      redact({
        token: 'a',
        apiKey: 'b',
        API_KEY: 'c',
        dbPassword: 'd',
        'private-key': 'e',
        key: 'f',
        nested: [{secret: 'g', authorization: 'Bearer h'}],
        tokenFile: '/t',
        keyId: 'k1',
        name: 'n',
        count: 3,
      }),
    ).toEqual({
      token: '***',
      apiKey: '***',
      API_KEY: '***',
      dbPassword: '***',
      'private-key': '***',
      key: '***',
      nested: [{secret: '***', authorization: '***'}],
      tokenFile: '/t',
      keyId: 'k1',
      name: 'n',
      count: 3,
    })
  })

  it('leaves references to secrets and yes-or-no values as they are', () => {
    expect(redact({token: {env: 'ORCA_TOKEN'}, secret: true})).toEqual({token: {env: 'ORCA_TOKEN'}, secret: true})
  })

  it.each([
    ['https://me:pa@ss@host/x', 'https://***@host/x'],
    ['postgres://u:p@db:5432/x', 'postgres://***@db:5432/x'],
    ['Authorization: Basic dXNlcjpwYXNz', 'Authorization: ***'],
    ['sent Bearer abc.def-123 to x', 'sent Bearer *** to x'],
    ['GET /x?token=abc&y=1', 'GET /x?token=***&y=1'],
    ['GET /x?X-Amz-Date=1&X-Amz-Signature=0af1', 'GET /x?X-Amz-Date=1&X-Amz-Signature=***'],
    ['failed (password=hunter2 once)', 'failed (password=*** once)'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----', '***'],
    ['{"token": "abc", "name": "n"}', '{"token": "***", "name": "n"}'],
    ['orca.token: expected a text', 'orca.token: expected a text'],
    ['the bearer authentication failed, the token expired', 'the bearer authentication failed, the token expired'],
    ['digest sha256:0123456789', 'digest sha256:0123456789'],
    ['nothing secret here', 'nothing secret here'],
  ])('%j', (text, shown) => {
    expect(redact(text)).toBe(shown)
  })
})

describe('redact with given secrets', () => {
  it('masks given texts in every form they travel in', () => {
    const secret = 'p/ss w"rd?'
    const forms = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret),
      Buffer.from(secret).toString('base64'),
      Buffer.from(secret).toString('base64url'),
    ]

    for (const form of forms) expect(redact(`x ${form} y`, [secret])).toMatch(/^x "?\*\*\*=*"? y$/)
  })

  it('hides the word after a flag that takes a secret', () => {
    expect(redact(['x', '--token', 'abc', '--token=abc', '--name', 'n'])).toEqual([
      'x',
      '--token',
      '***',
      '--token=***',
      '--name',
      'n',
    ])
  })

  it('ends with cycles and deep nesting', () => {
    const cycle: Record<string, unknown> = {a: 1}
    cycle.self = cycle
    let deep: unknown = 'x'
    for (let level = 0; level < 10_000; level++) deep = {deep}

    expect(redact(cycle)).toEqual({a: 1, self: '***'})
    expect(JSON.stringify(redact(deep)).length).toBeLessThan(1_000)
  })

  it.each([
    ['token', true],
    ['ACCESS_TOKEN', true],
    ['clientSecret', true],
    ['passwordFile', false],
    ['publicKey', false],
    ['monkey', false],
    ['keyboard', false],
  ])('%s is a secret key: %s', (key, expected) => {
    expect(isSecretKey(key)).toBe(expected)
  })
})

describe('nearest', () => {
  it.each([
    ['--cuont', ['--count', '--color'], '--count'],
    ['webb', ['web', 'api'], 'web'],
    ['WEB', ['web'], 'web'],
    ['database', ['web', 'api'], undefined],
    ['', ['web'], undefined],
  ])('%s among %j is %s', (word, candidates, expected) => {
    expect(nearest(word, candidates)).toBe(expected)
  })
})
