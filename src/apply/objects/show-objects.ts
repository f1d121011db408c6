import type {Progress, Step} from '@omni-cli/sdk/cli'
import type {ApplyEvent} from '@omni-cli/sdk/engine'
import {showEvents} from '../run.ts'

/** So many have a step each. */
const FEW = 12

/** Events of objects → steps of a progress display: one for all of them when they are many, and one for each that fails. */
export function showObjectEvents(progress: Progress, total: number): (event: ApplyEvent) => void {
  if (total <= FEW) return showEvents(progress)
  const whole: Step = progress.start(`apply ${total} objects`)
  let done = 0
  let lost = 0
  const count = () => {
    if (done + lost < total) whole.note(`${done + lost}/${total}`)
    else if (lost === 0) whole.done()
    else whole.fail(`${lost} did not succeed`)
  }
  return (event) => {
    switch (event.type) {
      case 'done':
        done++
        return count()
      case 'failed':
        lost++
        progress.start(`${event.operation.action} ${event.operation.ref}`).fail(event.error.message)
        return count()
      case 'skipped':
        lost++
        return count()
      case 'progress':
        return whole.note(`${event.operation.ref}: ${event.note}`)
      case 'started':
      case 'planned':
      case 'summary':
        return
      default:
        event satisfies never
    }
  }
}
