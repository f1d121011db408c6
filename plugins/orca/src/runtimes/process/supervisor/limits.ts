import {type Cgroup, createCgroup, joinCgroup, type Limits, removeCgroup, removeCgroupParent} from '../cgroup.ts'
import {type CgroupBases, findCgroupBases} from '../cgroup-bases.ts'
import {homeKey} from '../paths.ts'

/** Control groups of the instances of one home. Every instance gets one where possible: it also finds stray children. */
export class InstanceCgroups {
  readonly #bases: CgroupBases | undefined = findCgroupBases()
  readonly #parent: string

  constructor(home: string) {
    this.#parent = `omni-${homeKey(home)}`
  }

  create(id: string, limits: Limits): Cgroup | undefined {
    return this.#bases && createCgroup(this.#bases, {parent: this.#parent, name: id}, limits)
  }

  /** False when the system refuses. */
  join(cgroup: Cgroup | undefined, pid: number): boolean {
    if (cgroup === undefined) return false
    try {
      joinCgroup(cgroup, pid)
      return true
    } catch {
      return false
    }
  }

  remove(cgroup: Cgroup | undefined): boolean {
    return cgroup === undefined || removeCgroup(cgroup)
  }

  removeParent(): void {
    if (this.#bases !== undefined) removeCgroupParent(this.#bases, this.#parent)
  }
}

/** A remark for the log of the replica, where a limit was asked for that the system then refused. */
export const refusedLimits = (limits: Limits): string | undefined =>
  limits.memoryBytes === undefined && limits.cpu === undefined
    ? undefined
    : 'omni: the system refused a control group; memory and cpu limits are not enforced'
