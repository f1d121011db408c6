import type {IncomingMessage, ServerResponse} from 'node:http'
import type {Content} from './content.ts'

/** A repository of the fake hub. */
export interface FakeRepo {
  readonly id: string
  readonly files: Map<string, FakeFile>
  /** Kept as large files, and served by the other host. */
  private?: boolean
  gated?: false | 'auto' | 'manual'
  commit: string
  /** More of what the API tells. */
  info?: Readonly<Record<string, unknown>>
  renamedTo?: string
}

export interface FakeFile {
  readonly content: Content
  readonly isLarge: boolean
  readonly hash: string
}

/** One request for bytes. */
export interface RangeCall {
  readonly repo: string
  readonly path: string
  readonly first: number
  readonly last: number
  /** Counted from 1 over all requests for bytes. */
  readonly count: number
}

/** What goes wrong with one request for bytes; all may be left out. */
export interface Fault {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** The connection is cut after so many bytes of the body. */
  readonly cutAfter?: number
  /** Nothing more comes after so many bytes of the body, and the connection stays open. */
  readonly stallAfter?: number
  /** This byte of the file, when it is in the range, arrives with a bit flipped. */
  readonly flip?: number
  readonly contentRange?: string
  readonly etag?: string
}

export interface FakeHub extends AsyncDisposable {
  readonly url: string
  /** Where large files are: another host, as far as a browser is concerned. */
  readonly cdn: string
  readonly repos: Map<string, FakeRepo>
  /** `GET /api/…`, with what came along. */
  readonly requests: {
    readonly line: string
    readonly host: 'hub' | 'cdn'
    readonly authorization?: string | undefined
  }[]
  readonly token: string
  /** Asked at each request for bytes. */
  fault: (call: RangeCall) => Fault | undefined
  /** Asked before everything else; true when it has answered. */
  before: (request: IncomingMessage, response: ServerResponse) => boolean
  /** Bytes a second for each connection. */
  limit: number | undefined
  /** Links to the other host are valid for so many requests. */
  linkUses: number
  bytesSent: number
  add(id: string, files: Readonly<Record<string, FakeSource>>, more?: Partial<FakeRepo>): FakeRepo
}

export type FakeSource = string | Content | {readonly small: Content}

export const TOKEN = 'hf_test_0123456789abcdef'

/** What requests leave behind. */
export interface State {
  calls: number
  readonly links: Map<string, number>
}
