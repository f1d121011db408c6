// A model server for tests with the API of OpenAI, whose model repeats itself. Plain JavaScript: it runs inside of a container.
//   PORT               where it listens (default 8080)
//   SERVED_MODEL_NAME  what the model is called; else --served-model-name or --model of the arguments, else the end of MODEL_PATH
//   ENGINE             names of the metrics: vllm, sglang (default: both)
//   TOKENS             length of an answer, unless max_tokens is less (default 16)
//   TOKENS_PER_SECOND  how fast they come (default 200)
//   FIRST_TOKEN_MS     wait before the first one (default 10)
//   BOOT_MS            wait before it listens
//   ERRORS             share of requests that answer 500, e.g. 0.5
//   STALL_AFTER        tokens after which an answer never goes on
//   CUT_AFTER          tokens after which the connection breaks
//   SICK               /health and /health_generate answer 503
//   NO_METRICS         /metrics answers 404
//   EXIT               exits at once with this status, after printing 'broken on purpose'
const http = require('node:http')

const env = process.env
const argument = (name) => {
  const at = process.argv.findIndex((word) => word === name || word.startsWith(`${name}=`))
  if (at < 0) return undefined
  return process.argv[at].includes('=') ? process.argv[at].split('=')[1] : process.argv[at + 1]
}
const model =
  env.SERVED_MODEL_NAME || argument('--served-model-name') || argument('--model') || (env.MODEL_PATH || 'tiny').split('/').pop()
const gap = 1000 / Number(env.TOKENS_PER_SECOND || 200)
const words = ['once', 'upon', 'a', 'time', 'there', 'was', 'a', 'model']
const count = {running: 0, waiting: 0, prompt: 0, generated: 0, done: 0, aborted: 0}
const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 30]
const histograms = {}
for (const name of ['time_to_first_token_seconds', 'inter_token_latency_seconds', 'e2e_request_latency_seconds']) {
  histograms[name] = {counts: BUCKETS.map(() => 0), sum: 0, count: 0}
}

function observe(name, seconds) {
  const histogram = histograms[name]
  histogram.sum += seconds
  histogram.count++
  BUCKETS.forEach((limit, index) => (histogram.counts[index] += seconds <= limit ? 1 : 0))
}

console.log(`INFO model server of '${model}' starts`)
if (env.EXIT) {
  console.error('ERROR broken on purpose')
  process.exit(Number(env.EXIT))
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const tokensOf = (text) => String(text).split(/\s+/).filter(Boolean).length

function send(response, status, body) {
  response.writeHead(status, {'content-type': 'application/json'})
  response.end(JSON.stringify(body))
}
const refuse = (response, status, message, type) => send(response, status, {error: {message, type, code: status}})

async function read(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString() || '{}')
}

async function generate(request, response, kind) {
  const body = await read(request).catch(() => undefined)
  if (body === undefined) return refuse(response, 400, 'the body is not JSON', 'BadRequestError')
  if (body.model !== undefined && body.model !== model) {
    return refuse(response, 404, `The model \`${body.model}\` does not exist.`, 'NotFoundError')
  }
  if (env.ERRORS && Math.random() < Number(env.ERRORS)) return refuse(response, 500, 'failed on purpose', 'InternalServerError')
  const isChat = kind === 'chat.completion'
  const prompt = isChat ? (body.messages || []).map(({content}) => content).join(' ') : body.prompt
  const most = body.max_completion_tokens ?? body.max_tokens ?? Infinity
  const length = Math.min(Number(env.TOKENS || 16), most)
  const usage = {prompt_tokens: tokensOf(prompt), completion_tokens: length, total_tokens: tokensOf(prompt) + length}
  const head = {id: `${isChat ? 'chatcmpl' : 'cmpl'}-${Date.now().toString(16)}`, created: Math.floor(Date.now() / 1000), model}
  const finish = length === most ? 'length' : 'stop'
  const began = performance.now()
  count.running++
  count.prompt += usage.prompt_tokens
  let left = false
  response.on('close', () => (left = !response.writableFinished))
  const chunk = (choices, more) => response.write(`data: ${JSON.stringify({...head, object: isChat ? 'chat.completion.chunk' : kind, choices, ...more})}\n\n`)
  if (body.stream) response.writeHead(200, {'content-type': 'text/event-stream', 'cache-control': 'no-cache'})
  const said = []
  for (let index = 0; index < length && !left; index++) {
    await sleep(index === 0 ? Number(env.FIRST_TOKEN_MS || 10) : gap)
    if (env.CUT_AFTER && index >= Number(env.CUT_AFTER)) response.destroy()
    while (env.STALL_AFTER && index >= Number(env.STALL_AFTER) && !left) await sleep(100)
    if (left || response.destroyed) break
    if (index === 0) observe('time_to_first_token_seconds', (performance.now() - began) / 1000)
    else observe('inter_token_latency_seconds', gap / 1000)
    const text = (index === 0 ? '' : ' ') + words[index % words.length]
    said.push(text)
    count.generated++
    if (!body.stream) continue
    const delta = index === 0 ? {role: 'assistant', content: text} : {content: text}
    chunk([isChat ? {index: 0, delta, finish_reason: null} : {index: 0, text, finish_reason: null}])
  }
  count.running--
  if (left || response.destroyed) {
    count.aborted++
    return
  }
  count.done++
  observe('e2e_request_latency_seconds', (performance.now() - began) / 1000)
  console.log(`INFO "POST ${request.url}" 200 ${length} tokens`)
  if (!body.stream) {
    const text = said.join('')
    const choice = isChat ? {message: {role: 'assistant', content: text}} : {text}
    return send(response, 200, {...head, object: kind, choices: [{index: 0, ...choice, finish_reason: finish}], usage})
  }
  chunk([isChat ? {index: 0, delta: {}, finish_reason: finish} : {index: 0, text: '', finish_reason: finish}])
  if (body.stream_options && body.stream_options.include_usage) chunk([], {usage})
  response.end('data: [DONE]\n\n')
}

async function embed(request, response) {
  const {input = ''} = await read(request)
  const data = [input].flat().map((text, index) => ({object: 'embedding', index, embedding: [0, 1, 2, 3].map((at) => (String(text).length + at) % 7)}))
  const tokens = tokensOf([input].flat().join(' '))
  send(response, 200, {object: 'list', model, data, usage: {prompt_tokens: tokens, total_tokens: tokens}})
}

function metrics() {
  const lines = []
  const put = (prefix, type, name, value) => {
    const labels = `{model_name="${model}"${prefix === 'vllm' ? ',engine="0"' : ',engine_type="unified",tp_rank="0"'}}`
    lines.push(`# TYPE ${prefix}:${name} ${type}`, `${prefix}:${name}${labels} ${value}`)
  }
  const putHistogram = (prefix, name, {counts, sum, count: all}) => {
    const of = (more) => `{model_name="${model}"${more}}`
    lines.push(`# TYPE ${prefix}:${name} histogram`)
    BUCKETS.forEach((limit, index) => lines.push(`${prefix}:${name}_bucket${of(`,le="${limit}"`)} ${counts[index]}`))
    lines.push(`${prefix}:${name}_bucket${of(',le="+Inf"')} ${all}`, `${prefix}:${name}_sum${of('')} ${sum}`, `${prefix}:${name}_count${of('')} ${all}`)
  }
  const usage = Math.min(1, count.running / 10)
  const tables = {
    vllm: [
      ['gauge', 'num_requests_running', count.running], ['gauge', 'num_requests_waiting', count.waiting],
      ['gauge', 'kv_cache_usage_perc', usage], ['counter', 'prompt_tokens_total', count.prompt],
      ['counter', 'generation_tokens_total', count.generated], ['counter', 'request_success_total', count.done],
    ],
    sglang: [
      ['gauge', 'num_running_reqs', count.running], ['gauge', 'num_queue_reqs', count.waiting], ['gauge', 'token_usage', usage],
      ['gauge', 'cache_hit_rate', 0], ['counter', 'prompt_tokens_total', count.prompt],
      ['counter', 'generation_tokens_total', count.generated], ['counter', 'num_requests_total', count.done],
      ['counter', 'num_aborted_requests_total', count.aborted],
    ],
  }
  for (const prefix of env.ENGINE ? [env.ENGINE] : ['vllm', 'sglang']) {
    for (const [type, name, value] of tables[prefix]) put(prefix, type, name, value)
    for (const [name, histogram] of Object.entries(histograms)) putHistogram(prefix, name, histogram)
  }
  return `${lines.join('\n')}\n`
}

const health = (_, response) => response.writeHead(env.SICK ? 503 : 200).end()
const routes = {
  'GET /health': health,
  'GET /health_generate': health,
  'GET /v1/models': (_, response) => send(response, 200, {object: 'list', data: [{id: model, object: 'model', created: 0, owned_by: 'tests', root: env.MODEL_PATH || model}]}),
  'POST /v1/chat/completions': (request, response) => generate(request, response, 'chat.completion'),
  'POST /v1/completions': (request, response) => generate(request, response, 'text_completion'),
  'POST /v1/embeddings': embed,
  'GET /metrics': (_, response) => (env.NO_METRICS ? response.writeHead(404).end() : response.writeHead(200, {'content-type': 'text/plain; version=0.0.4'}).end(metrics())),
}

const server = http.createServer((request, response) => {
  const route = routes[`${request.method} ${request.url.split('?')[0]}`]
  if (!route) return refuse(response, 404, 'Not Found', 'NotFoundError')
  Promise.resolve(route(request, response)).catch((error) => refuse(response, 400, String(error), 'BadRequestError'))
})
const port = Number(env.PORT || argument('--port') || 8080)
setTimeout(() => server.listen(port, () => console.log(`INFO listening on ${server.address().port}`)), Number(env.BOOT_MS || 0))

process.on('SIGTERM', () => {
  console.log('INFO SIGTERM: ending')
  process.exit(0)
})
