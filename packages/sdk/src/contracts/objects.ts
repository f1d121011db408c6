import type {ErrorBody} from '../errors.ts'
import type {CallOptions, Health} from './collection.ts'

/** A kind that the server serves. */
export interface ObjectKind {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly short: readonly string[]
  readonly namespaced: boolean
  readonly verbs: readonly string[]
}

/** Names one object. */
export interface ObjectRef {
  readonly apiVersion: string
  readonly kind: string
  /** Absent for kinds that belong to no namespace. */
  readonly namespace?: string | undefined
  readonly name: string
}

/** A Kubernetes object as the API has it. */
export interface ApiObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Readonly<Record<string, unknown>> & {
    readonly name: string
    readonly namespace?: string | undefined
  }
  readonly [field: string]: unknown
}

/** Rows as the server's printer columns tell them. `priority` > 0 only in the wide table. */
export interface ObjectTable {
  readonly columns: readonly {readonly header: string; readonly priority: number}[]
  readonly rows: readonly ObjectRow[]
}

export interface ObjectRow {
  readonly cells: readonly unknown[]
  /** The whole object when it was asked for, else only `metadata`. */
  readonly object: ApiObject
}

export interface ObjectListOptions extends CallOptions {
  /** Default: the namespace of the context. */
  readonly namespace?: string | undefined
  readonly allNamespaces?: boolean | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** `status.phase=Running` */
  readonly fields?: string | undefined
  /** Whole objects in the rows. Default false: metadata alone. */
  readonly whole?: boolean | undefined
}

/** One field that would change. */
export interface ObjectChange {
  /** Dotted: `spec.template.spec.containers.0.image`. Values of Secrets are masked. */
  readonly path: string
  readonly from?: unknown
  readonly to?: unknown
  /** Field manager that set it last, and when (RFC 3339). */
  readonly by?: string | undefined
  readonly at?: string | undefined
}

/** A field that somebody else has set otherwise and still owns. */
export interface ObjectConflict {
  readonly path: readonly (string | number)[]
  /** The field manager: `kubectl-edit`. */
  readonly manager: string
}

/** What applying one object would do. */
export interface ObjectPlan {
  readonly ref: ObjectRef
  /** `update` without changes: only who owns its fields changes. */
  readonly action: 'create' | 'update' | 'keep'
  readonly changes: readonly ObjectChange[]
  /** Remarks of the server (admission warnings) and ours (`restarts the pods of 3 components`). */
  readonly warnings: readonly string[]
  /** Applying it would be a CONFLICT; empty with `force`. */
  readonly conflicts: readonly ObjectConflict[]
  /** The server would refuse it: why. */
  readonly refusal?: ErrorBody | undefined
  /** What has a lower number is applied before: namespaces and definitions of kinds, then what others refer to. */
  readonly tier: number
  /** Places in the given list of what must be there before: its namespace, the definition of its kind. */
  readonly needs: readonly number[]
}

/** What is wrong with one object of a list. */
export interface ObjectProblem {
  /** Place in the list that was given. */
  readonly index: number
  readonly path: readonly (string | number)[]
  /** It is the key at the end of the path that is wrong. Default: the value. */
  readonly at?: 'key' | undefined
  readonly message: string
  readonly severity: 'error' | 'warning'
  readonly hint?: string | undefined
}

export interface ApplyObjectOptions extends CallOptions {
  /** Take fields over that another field manager owns. Default false: CONFLICT that names it. */
  readonly force?: boolean | undefined
}

/** What the server says of the fields of a kind. */
export interface KindSchema {
  readonly kind: ObjectKind
  readonly schema: Readonly<Record<string, unknown>>
}

/** Any object of a Kubernetes API, by its kind. */
export interface ObjectApi {
  readonly name: string
  check(options?: CallOptions): Promise<Health>
  /** Namespace that objects without one are put into. */
  readonly namespace: string
  /** All kinds that are served; from a cache where that is fresh. */
  kinds(options?: CallOptions): Promise<readonly ObjectKind[]>
  /** The kind of `pods`, `po`, `deployments.apps`, `isvc`, …; undefined when none is called that. Case does not matter. */
  findKind(word: string, options?: CallOptions): Promise<ObjectKind | undefined>
  /**
   * What may be written for a kind, as JSON Schema with the server's own words. The word is one of `findKind`, or `model`, `runtime`,
   * `accelerator`. Undefined when no kind is called that; FORBIDDEN.
   */
  schema?(word: string, options?: CallOptions): Promise<KindSchema | undefined>
  list(kind: ObjectKind, options?: ObjectListOptions): Promise<ObjectTable>
  /** Rows as they change, until the signal; starts with those that are there. A lost connection is taken up again. */
  watch(
    kind: ObjectKind,
    options?: ObjectListOptions,
  ): AsyncIterable<{readonly type: 'added' | 'modified' | 'deleted'; readonly row: ObjectRow}>
  get(ref: ObjectRef, options?: CallOptions): Promise<ApiObject | undefined>
  /** Unknown fields, wrong types, missing ones, kinds that are not served, the operator's own rules. Changes nothing. */
  problems(objects: readonly ApiObject[], options?: CallOptions): Promise<readonly ObjectProblem[]>
  /**
   * The server's own answer to applying them, without doing it; in the order they were given. What is not there yet is a `create`;
   * of it only whether its namespace is there is asked. Rejects only when the server does not answer; what it refuses is part of the plan.
   */
  plan(objects: readonly ApiObject[], options?: ApplyObjectOptions): Promise<readonly ObjectPlan[]>
  /**
   * Server-side apply. What other managers own and the object does not name stays. Resolves with what the server then has, every
   * field of the object in it: a namespace is active and a definition of a kind is served.
   */
  apply(object: ApiObject, options?: ApplyObjectOptions): Promise<ApiObject>
  /** Resolves when it is gone; idempotent. A finalizer that hangs is told after a while, and waited for until the signal. */
  remove(ref: ObjectRef, options?: CallOptions): Promise<void>
  /** For each of them, in their order, what uses it and would break without it. What this user may not list is not told. */
  dependants(refs: readonly ObjectRef[], options?: CallOptions): Promise<readonly (readonly ObjectRef[])[]>
  /** As it would be written into a file: without status, managed fields, and what the server filled in. Applying it changes nothing. */
  exported(object: ApiObject, options?: CallOptions): Promise<ApiObject>
}
