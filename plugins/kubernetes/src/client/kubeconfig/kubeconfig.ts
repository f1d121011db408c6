/** A file that may be named instead of holding the text itself. The text wins. */
export interface Material {
  /** Decoded. */
  readonly text?: string | undefined
  /** Absolute. */
  readonly file?: string | undefined
}

export interface ClusterEntry {
  readonly server: string
  readonly ca?: Material | undefined
  readonly serverName?: string | undefined
  readonly isInsecure: boolean
  readonly proxy?: string | undefined
  /** Extension `client.authentication.k8s.io/exec`, handed to programs that ask for it. */
  readonly execConfig?: unknown
}

/** A program that prints credentials. */
export interface ExecPlugin {
  /** Kubeconfig that names it. */
  readonly file: string
  readonly apiVersion: string
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  readonly installHint?: string | undefined
  readonly wantsCluster: boolean
  readonly interactive: 'Never' | 'IfAvailable' | 'Always'
}

export interface UserEntry {
  readonly cert?: Material | undefined
  readonly key?: Material | undefined
  readonly token?: string | undefined
  /** Absolute; read again, as it is renewed. */
  readonly tokenFile?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly exec?: ExecPlugin | undefined
  /** Name of a way that Kubernetes has taken away. */
  readonly authProvider?: string | undefined
  /** Headers of impersonation. */
  readonly headers: Readonly<Record<string, string>>
}

export interface ContextEntry {
  readonly cluster: string
  readonly user?: string | undefined
  readonly namespace?: string | undefined
}

/** Where an entry was written. */
export interface Written<T> {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly entry: T
}

/** One file, or several as kubectl sees them together. */
export interface Kubeconfig {
  readonly current?: string | undefined
  readonly clusters: ReadonlyMap<string, Written<ClusterEntry>>
  readonly users: ReadonlyMap<string, Written<UserEntry>>
  readonly contexts: ReadonlyMap<string, Written<ContextEntry>>
  readonly files: readonly string[]
}
