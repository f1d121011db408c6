import {createHash} from 'node:crypto'
import {type DriverContext, OmniError} from '@omni-cli/sdk'
import type {Credentials} from '../transport.ts'
import type {CredentialSource} from './credentials.ts'
import {openCredentialCache} from './exec-cache.ts'
import {type ExecCredential, runProgram} from './exec-run.ts'
import {requireAllowed} from './exec-trust.ts'
import type {ClusterEntry, ExecPlugin} from './kubeconfig.ts'

export interface ExecSurroundings {
  readonly context: Pick<DriverContext, 'home' | 'env' | 'confirm' | 'log'>
  /** Name of the context of the kubeconfig. */
  readonly name: string
  /** Its authority as text. */
  readonly cluster: Omit<ClusterEntry, 'ca'> & {readonly ca?: string | undefined}
}

/** A token is renewed a little before it is over. */
const EARLY_MS = 10_000

/** Credentials that a program prints: run when they are needed first, and again when they are over. */
export function openExecPlugin(plugin: ExecPlugin, {context, name, cluster}: ExecSurroundings): CredentialSource {
  const id = createHash('sha256')
    .update(JSON.stringify([plugin, cluster.server]))
    .digest('hex')
    .slice(0, 24)
  const cache = openCredentialCache(context.home, id)
  let known: Promise<ExecCredential> | undefined
  const run = async (isFresh: boolean, signal: AbortSignal | undefined): Promise<ExecCredential> => {
    await requireAllowed(context, plugin, name)
    const kept = isFresh ? undefined : await cache.read()
    if (kept !== undefined && !isOver(kept)) return kept
    context.log.debug('credentials from a program', {program: plugin.argv[0]})
    const printed = await runProgram(plugin, {env: context.env, info: infoOf(plugin, cluster), signal})
    if (isOver(printed)) {
      throw new OmniError('UNAUTHORIZED', `'${plugin.argv[0]}' printed credentials that are over already`)
    }
    await cache.write(printed)
    return printed
  }
  return async ({fresh, signal}) => {
    const before = known
    const current = await before?.catch(() => undefined)
    // Requests that are refused together ask once: somebody else may have asked meanwhile.
    if (known === before && (fresh || current === undefined || isOver(current))) known = run(fresh, signal)
    return credentialsIn(await (known ?? run(fresh, signal)))
  }
}

const isOver = ({expires}: ExecCredential): boolean => expires !== undefined && expires - EARLY_MS <= Date.now()

const credentialsIn = ({token, cert, key}: ExecCredential): Credentials => ({
  headers: token === undefined ? {} : {authorization: `Bearer ${token}`},
  cert,
  key,
})

/** What the program is told in `KUBERNETES_EXEC_INFO`. */
function infoOf(
  plugin: ExecPlugin,
  {server, ca, serverName, isInsecure, proxy, execConfig}: ExecSurroundings['cluster'],
) {
  const cluster = {
    server,
    ...(serverName === undefined ? {} : {'tls-server-name': serverName}),
    ...(isInsecure ? {'insecure-skip-tls-verify': true} : {}),
    ...(ca === undefined ? {} : {'certificate-authority-data': Buffer.from(ca).toString('base64')}),
    ...(proxy === undefined ? {} : {'proxy-url': proxy}),
    ...(execConfig === undefined ? {} : {config: execConfig}),
  }
  return {
    apiVersion: plugin.apiVersion,
    kind: 'ExecCredential',
    spec: {
      interactive: plugin.interactive !== 'Never' && process.stdin.isTTY === true,
      ...(plugin.wantsCluster ? {cluster} : {}),
    },
  }
}
