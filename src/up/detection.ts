import type {ServiceInput} from '@omni-cli/sdk'

export type DetectionKind = 'omni' | 'orca' | 'procfile' | 'node' | 'python' | 'static' | 'docker'

/** What a folder was recognised as, and why. */
export interface Detection {
  readonly kind: DetectionKind
  /** For a person: `package.json with a start script, package-lock.json`. */
  readonly because: string
  /** Files that declare the services, relative to the folder; then `services` is empty. */
  readonly manifests: readonly string[]
  /** Services made up from what was found; their `source` is `.`, the folder. */
  readonly services: readonly ServiceInput[]
  /** Files of ours that the release needs, archive path → name under `templates/up`. */
  readonly extraFiles: Readonly<Record<string, string>>
  /** Remarks worth a line. */
  readonly notes: readonly string[]
}

/** How the code of a folder is built and where its programs end up. */
export interface Toolchain {
  readonly because: string
  readonly build: readonly (readonly [string, ...string[]])[]
  /** Folders with programs, relative, put in front of PATH. */
  readonly bins: readonly string[]
  readonly notes: readonly string[]
}

/** A toolchain, and the program to start when one was found. */
export interface Recognised extends Toolchain {
  readonly name: string
  readonly port: number
  /** Undefined: the folder can be built, but nothing says what to start. */
  readonly command: readonly [string, ...string[]] | undefined
  readonly env: Readonly<Record<string, string>>
}
