import {homedir} from 'node:os'
import {join} from 'node:path'
import type {Logger, ServiceSpec} from '@omni-cli/sdk'
import type {EdgeTable} from '../../edge/table.ts'
import {domainsOf, hostsOf} from '../routes.ts'
import {
  chooseSecureListener,
  knownSecureListener,
  parseTrustedProxies,
  type SharedListener,
} from '../shared-listener.ts'
import type {SettingStore} from '../store/settings.ts'
import {type CertificateFindings, examineCertificate} from './certificate-files.ts'
import {createTlsBook} from './create-tls-book.ts'
import type {TlsBook, TlsHost, TlsTable} from './tls-book.ts'

export interface OpenTlsOptions {
  readonly home: string
  readonly acmeEmail: string | undefined
  readonly settings: SettingStore
  readonly shared: SharedListener
  readonly publish: () => Promise<void>
  readonly tell: (event: {readonly service: string; readonly type: string; readonly message: string}) => void
  readonly log: Logger
  /** Ends the orders under way. */
  readonly closing: AbortSignal
}

export interface ServerTls {
  readonly book: TlsBook
  /** What the proxy must know for these services; what they lack is ordered from now on. */
  tableFor(specs: readonly ServiceSpec[]): TlsTable & Pick<EdgeTable, 'trustedProxies'>
}

/** The certificates of a server's services. CONFIG_INVALID when `OMNI_EDGE_HTTPS` or `OMNI_TRUSTED_PROXIES` is not understood. */
export function openTls(options: OpenTlsOptions): ServerTls {
  const {home, acmeEmail, settings, shared, publish, tell, log, closing} = options
  const trusted = parseTrustedProxies(process.env.OMNI_TRUSTED_PROXIES)
  let owners = new Map<string, string>()
  const book = createTlsBook({
    home,
    email: acmeEmail,
    knownListener: knownSecureListener(settings, process.env.OMNI_EDGE_HTTPS, shared.address()),
    listener: () => chooseSecureListener(settings, shared.address()),
    importFrom: join(homedir(), '.orca', 'certs'),
    onChange: publish,
    onEvent: ({host, type, message}) => tell({service: owners.get(host) ?? host, type, message}),
    log,
  })
  closing.addEventListener('abort', () => void book.close(), {once: true})
  return {
    book,
    tableFor(specs) {
      const routed = specs.filter((spec) => hostsOf(spec).length > 0)
      owners = new Map(routed.flatMap((spec) => domainsOf(spec).map((host) => [host, spec.name])))
      book.serve(tlsHosts(routed))
      return {...book.table(), ...(trusted.length === 0 ? {} : {trustedProxies: trusted})}
    },
  }
}

/** What is to be said about the certificate that a service brings along. */
export const examineSpec = (spec: ServiceSpec): CertificateFindings =>
  examineCertificate({certFile: spec.tls_cert, keyFile: spec.tls_key, hosts: domainsOf(spec), now: Date.now()})

/** The declared host names; of services that share one, the first that brings a certificate along decides. */
export function tlsHosts(specs: readonly ServiceSpec[]): TlsHost[] {
  const hosts = new Map<string, TlsHost>()
  for (const spec of specs) {
    const {tls_cert: certFile, tls_key: keyFile} = spec
    for (const host of domainsOf(spec)) {
      if (hosts.get(host)?.certFile === undefined) hosts.set(host, {host, certFile, keyFile})
    }
  }
  return [...hosts.values()]
}
