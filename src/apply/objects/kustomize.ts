import {stat} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {type Argv, type CallOptions, createExec, isOmniError, OmniError, silentLogger} from '@omni-cli/sdk'
import {remoteBases} from './remote-bases.ts'

export interface KustomizeOptions extends CallOptions {
  /** Bases that are fetched from elsewhere are refused unless this is true. */
  readonly allowsRemote: boolean
}

/** The documents that a kustomize folder makes, by the program `kustomize`, else `kubectl kustomize`. */
export async function buildKustomization(
  dir: string,
  {allowsRemote, signal}: KustomizeOptions,
): Promise<{readonly file: string; readonly text: string}> {
  const folder = resolve(dir)
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
  if (!isFolder) throw new OmniError('USAGE', `--kustomize takes a folder, and '${dir}' is none`)
  const remote = allowsRemote ? [] : await remoteBases(folder)
  if (remote.length > 0) {
    throw new OmniError('MANIFEST_INVALID', `the kustomization fetches from elsewhere: ${remote.join(', ')}`, {
      hint: 'the same command with --remote-bases, if you trust them',
    })
  }
  const exec = createExec({log: silentLogger})
  const programs: readonly Argv[] = [
    ['kustomize', 'build', '--', folder],
    ['kubectl', 'kustomize', '--', folder],
  ]
  for (const argv of programs) {
    const result = await exec(argv, {signal, timeoutMs: 120_000}).catch((error: unknown) => {
      if (isOmniError(error) && error.code === 'NOT_FOUND') return undefined
      throw error
    })
    if (result === undefined) continue
    if (result.exitCode === 0) return {file: join(folder, 'kustomization.yaml'), text: result.stdout}
    throw new OmniError('MANIFEST_INVALID', `${argv[0]} cannot build '${dir}': ${result.stderr.trim()}`)
  }
  throw new OmniError('UNSUPPORTED', 'a kustomize folder needs the program kustomize or kubectl, and neither is here', {
    hint: 'install kustomize, or give its output: kustomize build DIR | omni apply -f -',
  })
}
