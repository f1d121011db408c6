import type {FieldKind, FieldNames} from './fields.ts'

const HOP_BY_HOP: readonly (readonly [string, FieldKind])[] = [
  ['connection', 'connection'],
  ['content-length', 'content-length'],
  ['keep-alive', 'keep-alive'],
  ['te', 'te'],
  ['transfer-encoding', 'transfer-encoding'],
  ['upgrade', 'upgrade'],
]

/** What a client says about itself in these is not believed: backends trust them. */
export const REQUEST_NAMES: FieldNames = {
  exact: new Map<string, FieldKind>([
    ...HOP_BY_HOP,
    ['host', 'host'],
    ['x-request-id', 'request-id'],
    ['forwarded', 'drop'],
    // Programs behind CGI would take it for the proxy of their own requests (HTTP_PROXY).
    ['proxy', 'drop'],
    ['x-real-ip', 'drop'],
  ]),
  families: [
    ['proxy-', 'drop'],
    ['x-forwarded-', 'drop'],
  ],
}

export const RESPONSE_NAMES: FieldNames = {exact: new Map(HOP_BY_HOP), families: [['proxy-', 'drop']]}

/** A backend may merge trailers into the header: none may carry a name that means something there. */
export const TRAILER_NAMES: FieldNames = {
  exact: new Map([...REQUEST_NAMES.exact.keys()].map((name) => [name, 'forbidden'])),
  families: REQUEST_NAMES.families.map(([prefix]) => [prefix, 'forbidden']),
}
