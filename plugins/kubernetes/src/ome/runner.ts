import {type Fields, fieldsAt, isFields, listAt} from '../fields.ts'

/** The containers that serve, as a runtime's spec has them. */
export interface Runners {
  /** Of the engine, or of its leader; else the first container of the pod. */
  readonly main: Fields | undefined
  readonly worker: Fields | undefined
  /** Pods of one replica: the leader and its workers. */
  readonly nodes: number
  readonly components: readonly string[]
}

const CONFIGS = {engine: 'engineConfig', decoder: 'decoderConfig', router: 'routerConfig'} as const

export function runnersOf(spec: unknown): Runners {
  const engine = fieldsAt(spec, 'engineConfig')
  const [first] = listAt(spec, 'containers')
  const main = [fieldsAt(engine, 'leader').runner, engine.runner, first].find(isFields)
  const worker = fieldsAt(engine, 'worker')
  const workers = isFields(engine.worker) ? (typeof worker.size === 'number' ? worker.size : 1) : 0
  const parts = Object.entries(CONFIGS).flatMap(([name, key]) => (isFields(fieldsAt(spec)[key]) ? [name] : []))
  return {
    main,
    worker: isFields(worker.runner) ? worker.runner : undefined,
    nodes: 1 + workers,
    components: workers > 0 ? [...parts, 'multi-node'] : parts,
  }
}
