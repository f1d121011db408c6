import type {Facts} from './facts.ts'
import {containersIn, lastEnd, type SeenContainer} from './look.ts'

/** Containers that have ended although they should run. */
export const crashed = (facts: Facts): SeenContainer[] =>
  containersIn(facts).filter((container) => {
    const end = lastEnd(container)
    const {state, restartCount = 0} = container.status
    const isOver = state?.terminated !== undefined || state?.waiting?.reason === 'CrashLoopBackOff' || restartCount > 1
    if (end === undefined || !isOver || isReadyNow(container)) return false
    return !(container.isInit && end.exitCode === 0)
  })

const isReadyNow = ({status}: SeenContainer): boolean => status.ready === true
