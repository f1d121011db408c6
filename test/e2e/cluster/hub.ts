import type {ServerResponse} from 'node:http'
import {startFakeHttp} from '@omni-cli/testkit'

/** A hub with the models of one organisation, all alike and small. */
export interface Hub extends AsyncDisposable {
  readonly url: string
}

const COMMIT = '0123456789abcdef0123456789abcdef01234567'
const CONFIG = {
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  torch_dtype: 'bfloat16',
  transformers_version: '4.47.0',
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  vocab_size: 100,
  max_position_embeddings: 4096,
}

export async function startHub(ids: readonly string[]): Promise<Hub> {
  const files = new Map([
    ['config.json', Buffer.from(JSON.stringify(CONFIG))],
    ['model.safetensors', weights()],
  ])
  const infoOf = (id: string) => ({
    id,
    sha: COMMIT,
    private: false,
    gated: false,
    downloads: 5000,
    likes: 10,
    tags: ['safetensors', 'text-generation'],
    pipeline_tag: 'text-generation',
    lastModified: '2026-01-31T08:00:00.000Z',
    siblings: [...files.keys()].map((rfilename) => ({rfilename})),
  })
  const tree = [...files].map(([path, content]) => ({type: 'file', path, size: content.length, oid: COMMIT}))
  return startFakeHttp((request, response) => {
    const {pathname, searchParams} = new URL(request.url ?? '/', 'http://hub')
    const json = (value: unknown) =>
      response.writeHead(200, {'content-type': 'application/json'}).end(JSON.stringify(value))
    const id = ids.find((one) => pathname.includes(one))
    const file = files.get(pathname.split('/').at(-1) ?? '')
    if (pathname === '/api/models') {
      const [words, author] = [(searchParams.get('search') ?? '').toLowerCase(), searchParams.get('author')]
      const hits = ids.filter(
        (one) => one.toLowerCase().includes(words) && (author === null || one.startsWith(`${author}/`)),
      )
      json(hits.map(infoOf))
    } else if (id === undefined) response.writeHead(401, {'x-error-code': 'RepoNotFound'}).end('{}')
    else if (pathname.includes('/tree/')) json(tree)
    else if (pathname.startsWith('/api/')) json(infoOf(id))
    else if (file === undefined) response.writeHead(404, {'x-error-code': 'EntryNotFound'}).end('{}')
    else send(response, file, request.headers.range)
  })
}

function send(response: ServerResponse, file: Buffer, range: string | undefined): void {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
  const headers = {'x-repo-commit': COMMIT, etag: '"0123456789abcdef0123456789abcdef01234567"'}
  if (from === undefined) {
    response.writeHead(200, {...headers, 'content-length': file.length}).end(file)
    return
  }
  const part = file.subarray(Number(from), to === '' ? undefined : Number(to) + 1)
  const told = {'content-range': `bytes ${from}-${Number(from) + part.length - 1}/${file.length}`}
  response.writeHead(206, {...headers, ...told, 'content-length': part.length}).end(part)
}

/** One tensor of 1,000,000 parameters. */
function weights(): Buffer {
  const head = Buffer.from(JSON.stringify({w: {dtype: 'BF16', shape: [1000, 1000], data_offsets: [0, 2_000_000]}}))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(head.length))
  return Buffer.concat([length, head, Buffer.alloc(2_000_000)])
}
