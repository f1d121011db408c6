import {readFile} from 'node:fs/promises'
import {type IncomingMessage, request as plainRequest, type RequestOptions} from 'node:http'
import {request as tlsRequest} from 'node:https'
import {createInterface} from 'node:readline'
import {parse} from 'yaml'
import type {KubeObject} from './objects.ts'

/** How to reach an API server. */
export interface KubeAccess {
  readonly server: string
  readonly token?: string | undefined
  /** PEM. */
  readonly ca?: string | undefined
}

/** An answer as it came. */
export interface KubeReply {
  readonly code: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The object, or the text when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every kind
  readonly body: any
}

export interface KubeCallOptions {
  readonly body?: unknown
  readonly type?: string | undefined
  readonly accept?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** The server and the user of a context of a kubeconfig with tokens. */
export async function readAccess(file: string, context?: string): Promise<KubeAccess> {
  const config = parse(await readFile(file, 'utf8'))
  const named = (list: {name: string}[], name: string): Record<string, Record<string, string>> =>
    (list.find((one) => one.name === name) ?? {}) as Record<string, Record<string, string>>
  const {cluster = '', user = ''} = named(config.contexts, context ?? config['current-context']).context ?? {}
  const {server = '', 'certificate-authority-data': ca} = named(config.clusters, cluster).cluster ?? {}
  const {token} = named(config.users, user).user ?? {}
  return {server, token, ...(ca === undefined ? {} : {ca: Buffer.from(ca, 'base64').toString()})}
}

/** Calls an API server; nothing is retried, and no status is an error. */
export async function callKube(
  access: KubeAccess,
  method: string,
  path: string,
  options: KubeCallOptions = {},
): Promise<KubeReply> {
  const response = await open(access, method, path, options)
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  const isJson = response.headers['content-type']?.includes('json') === true
  return {code: response.statusCode ?? 0, headers: response.headers, body: isJson ? JSON.parse(text) : text}
}

export interface KubeWatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: KubeObject
}

/** Lines of a watch until it ends, also when the connection breaks. Rejects when the server refuses it. */
export async function* watchKube(
  access: KubeAccess,
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<KubeWatchEvent> {
  const response = await open(access, 'GET', path, {signal})
  if (response.statusCode !== 200) throw new Error(`watch of ${path} was answered with ${response.statusCode}`)
  response.on('error', () => undefined)
  try {
    for await (const line of createInterface({input: response})) yield JSON.parse(line)
  } finally {
    response.destroy()
  }
}

function open(
  {server, token, ca}: KubeAccess,
  method: string,
  path: string,
  {body, type = 'application/json', accept = 'application/json', signal}: KubeCallOptions,
): Promise<IncomingMessage> {
  const url = new URL(path, server)
  const sent = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const headers = {
    accept,
    'user-agent': 'testkit/1',
    ...(token === undefined ? {} : {authorization: `Bearer ${token}`}),
    ...(sent === undefined ? {} : {'content-type': type, 'content-length': Buffer.byteLength(sent)}),
  }
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {method, headers, ...(signal === undefined ? {} : {signal})}
    const request = url.protocol === 'https:' ? tlsRequest(url, {...options, ca}) : plainRequest(url, options)
    request.on('response', resolve)
    request.on('error', reject)
    request.end(sent)
  })
}
