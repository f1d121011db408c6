import {stripVTControlCharacters} from 'node:util'
import {sleep} from '@omni-cli/sdk'
import {
  itemView,
  type ListView,
  listView,
  OUTPUT_FORMATS,
  type OutputFormat,
  type Paint,
  paintFor,
  plainPaint,
  render,
  renderMatrix,
  type View,
} from '@omni-cli/sdk/cli'
import {describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {cutText, textWidth} from '../../src/cli/render/text-width.ts'

interface Service {
  readonly name: string
  readonly replicas: number
  readonly note?: string | undefined
}

const services: readonly Service[] = [
  {name: 'web', replicas: 3, note: 'ok'},
  {name: '日本', replicas: 12},
  {name: 'e\u0301', replicas: 0, note: ''},
]

const servicesView = (rows: ListView<Service>['rows'] = services): ListView<Service> =>
  listView<Service>({
    rows,
    columns: [
      {header: 'NAME', value: (row) => row.name},
      {
        header: 'REPLICAS',
        value: (row) => row.replicas,
        align: 'right',
        tone: (row) => (row.replicas > 0 ? 'good' : 'bad'),
      },
      {header: 'URL', value: (row) => `http://${row.name}`, wide: true},
      {header: 'NOTE', value: (row) => row.note},
    ],
    ref: (row) => `service/${row.name}`,
    empty: 'no services',
  })

async function rendered(view: View, format: OutputFormat, options: {maxWidth?: number; paint?: Paint} = {}) {
  let out = ''
  const notices: string[] = []
  await render(view, {
    format,
    paint: options.paint ?? plainPaint,
    maxWidth: options.maxWidth,
    write: async (text) => {
      out += text
    },
    notice: (text) => notices.push(text),
  })
  return {out, notices}
}

async function* stream<T>(rows: readonly T[], everyMs = 0): AsyncGenerator<T> {
  for (const row of rows) {
    if (everyMs > 0) await sleep(everyMs)
    yield row
  }
}

// The view of one kind is passed where any view is taken.
const anyView = (view: unknown): View => view as View

describe('a list', () => {
  it.each(OUTPUT_FORMATS)('as %s', async (format) => {
    const {out} = await rendered(anyView(servicesView()), format)

    expect(out).toMatchSnapshot()
  })

  it.each(OUTPUT_FORMATS)('that is streamed looks the same as %s', async (format) => {
    const whole = await rendered(anyView(servicesView()), format)

    expect(await rendered(anyView(servicesView(stream(services))), format)).toEqual(whole)
  })

  it('without rows is silent on stdout but for an empty JSON array', async () => {
    for (const rows of [[], stream<Service>([])]) {
      expect(await rendered(anyView(servicesView(rows)), 'table')).toEqual({out: '', notices: ['no services']})
    }
    expect(await rendered(anyView(servicesView([])), 'json')).toEqual({out: '[]\n', notices: []})
    expect(await rendered(anyView(servicesView([])), 'name')).toEqual({out: '', notices: []})
  })

  it('that is streamed slowly is shown before it ends', async () => {
    let out = ''
    let seenEarly = ''
    const rows = async function* () {
      yield services[0] as Service
      await sleep(400)
      seenEarly = out
      yield services[1] as Service
    }
    await render(anyView(servicesView(rows())), {
      format: 'table',
      paint: plainPaint,
      maxWidth: undefined,
      write: async (text) => {
        out += text
      },
      notice: () => undefined,
    })

    expect(seenEarly).toContain('web')
    expect(out).toContain('日本')
  })

  it('is cut to the width of a terminal, with and without colours', async () => {
    const color = paintFor({isTTY: true}, {}, false)
    for (const paint of [plainPaint, color]) {
      const {out} = await rendered(anyView(servicesView()), 'wide', {maxWidth: 20, paint})
      const lines = stripVTControlCharacters(out).trimEnd().split('\n')
      for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(20)
      expect(lines[1]).toBe('web          3  htt…')
    }
  })

  it('of 10,000 rows and 8 columns takes no more than a moment over the names', async () => {
    const rows = Array.from({length: 10_000}, (_, index) => ({name: `service-${index}`, replicas: index}))
    const columns = Array.from({length: 8}, (_, column) => ({
      header: `COLUMN${column}`,
      value: (row: Service) => `${row.name}-value-${column}`,
    }))
    const view = anyView(listView<Service>({rows, columns, ref: (row) => row.name, empty: ''}))
    const timeOf = async (format: OutputFormat) => {
      const startedAt = performance.now()
      await rendered(view, format)
      return performance.now() - startedAt
    }
    await timeOf('table')

    // The bar is 200 ms; a busy machine gets five times that, a quadratic layout needs much more.
    expect((await timeOf('table')) - (await timeOf('name'))).toBeLessThan(1_000)
  })
})

describe('an item', () => {
  const item = itemView({
    data: {name: 'web', big: 2n ** 60n, at: undefined, list: [1, {a: null}]},
    text: ({name}) => [`service ${name}`, ['state ', ['ready', 'good'], ' since ', ['now', 'dim']]],
    ref: 'service/web',
  })

  it.each(OUTPUT_FORMATS)('as %s', async (format) => {
    const {out} = await rendered(anyView(item), format)

    expect(out).toMatchSnapshot()
  })

  it('says the same in JSON and YAML', async () => {
    const json = await rendered(anyView(item), 'json')
    const yaml = await rendered(anyView(item), 'yaml')

    expect(parse(yaml.out)).toEqual(JSON.parse(json.out))
  })
})

describe('hostile texts', () => {
  const hostile = 'a\u001b]0;pwned\u0007\u001b[2J\nb\r\tc\u202e\u009b31m\u200b\u2028\u007f'
  const hostileRow: {readonly name: string} = Object.assign({name: hostile}, {[hostile]: hostile})
  const view = () =>
    anyView(
      listView({
        rows: [hostileRow],
        columns: [{header: 'NAME', value: (row) => row.name}],
        ref: (row) => `service/${row.name}`,
        empty: '',
      }),
    )
  const acting = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u2028\u202e]/

  it.each(OUTPUT_FORMATS)('cannot act on the terminal as %s', async (format) => {
    const {out} = await rendered(view(), format)

    expect(out).not.toMatch(acting)
  })

  it('take one line in tables and names', async () => {
    for (const [format, lines] of [
      ['table', 2],
      ['name', 1],
      ['jsonl', 1],
    ] as const) {
      expect((await rendered(view(), format)).out.trimEnd().split('\n')).toHaveLength(lines)
    }
  })

  it('come back unchanged from JSON, JSON lines and YAML', async () => {
    const wanted = [{name: hostile, [hostile]: hostile}]

    expect(JSON.parse((await rendered(view(), 'json')).out)).toEqual(wanted)
    expect(JSON.parse((await rendered(view(), 'jsonl')).out)).toEqual(wanted[0])
    expect(parse((await rendered(view(), 'yaml')).out)).toEqual(wanted)
  })

  it('cannot act in the lines of an item', async () => {
    const {out} = await rendered(anyView(itemView({data: {}, text: () => [hostile, [[hostile, 'bad']]]})), 'table')

    expect(out).not.toMatch(acting)
    expect(out.trimEnd().split('\n')).toHaveLength(2)
  })
})

describe('widths', () => {
  it.each([
    ['abc', 3],
    ['日本語', 6],
    ['한글', 4],
    ['e\u0301', 1],
    ['👩‍💻', 2],
    ['❤️', 2],
    ['🇩🇪', 2],
    ['ñandú', 5],
    ['…', 1],
    ['→', 1],
    ['ｗｉｄｅ', 8],
    ['', 0],
  ])('%s takes %i columns', (text, width) => {
    expect(textWidth(text)).toBe(width)
  })

  it.each([
    ['abcdef', 4, 'abc…'],
    ['abc', 3, 'abc'],
    ['日本語', 4, '日…'],
    ['日本語', 5, '日本…'],
    ['👩‍💻👩‍💻', 3, '👩‍💻…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
  ])('%s in %i columns is %s', (text, width, cut) => {
    expect(cutText(text, width)).toBe(cut)
  })
})

describe('colours', () => {
  it.each([
    [{isTTY: true}, {}, false, true],
    [{isTTY: false}, {}, false, false],
    [{isTTY: true}, {NO_COLOR: '1'}, false, false],
    [{isTTY: true}, {NO_COLOR: ''}, false, true],
    [{isTTY: true}, {TERM: 'dumb'}, false, false],
    [{isTTY: true}, {}, true, false],
  ])('on %j with %j and --no-color %s: %s', (target, env, noColor, isColored) => {
    expect(paintFor(target, env, noColor)('x', 'good') !== 'x').toBe(isColored)
  })
})

describe('a matrix', () => {
  it('has borders and escapes its texts', async () => {
    const lines = await renderMatrix({
      corner: 'service',
      columns: ['orca', 'kube\u001b[2J'],
      rows: [{name: 'logs', cells: ['yes', '']}],
    })

    expect(lines).toMatchSnapshot()
  })
})
