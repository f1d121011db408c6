import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {requireFacet} from '@omni-cli/sdk'
import {askChoice, BaseCommand, canAsk, type View} from '@omni-cli/sdk/cli'
import {requireService} from '../apps/act.ts'
import {chooseRelease, releaseChoice, rollbackTargets} from '../apps/releases.ts'
import {actView} from '../apps/service-view.ts'
import {serviceTarget} from '../apps/target.ts'

export default class Rollback extends BaseCommand {
  static override summary = 'serve an earlier release of a service again'
  static override description =
    'A rolling deploy of the old release: no request is lost. A canary ends; without --to that is all. On a terminal the releases are offered; elsewhere, without --to, the one before is taken.'
  static override examples = ['<%= config.bin %> rollback web', '<%= config.bin %> rollback web --to r3']
  static override args = {
    target: Args.string({required: true, description: 'service, e.g. web or service/web'}),
    name: Args.string({description: 'name, when the first word is a kind'}),
  }
  static override flags = {
    to: Flags.string({summary: 'release to go back to, e.g. r3', helpValue: 'RELEASE'}),
  }

  async run(): Promise<View> {
    const {args, flags} = await this.parse(Rollback)
    const name = serviceTarget([args.target, args.name])
    const engine = await (await this.session()).open('service')
    const facet = requireFacet(engine, 'releases')
    const {canary} = await requireService(engine, name, {signal: this.signal})
    const progress = await this.progress()
    if (canary !== undefined && flags.to === undefined) {
      const service = await progress.step(`end the canary ${canary.release} of ${name}`, () =>
        facet.rollback(name, {signal: this.signal}),
      )
      return actView(
        [service],
        `serves release ${service.release ?? '?'} alone; its canary ${canary.release} has ended`,
      )
    }
    const releases = await facet.list(name, {signal: this.signal})
    const to = flags.to === undefined ? await this.#ask(name, releases) : chooseRelease(releases, name, flags.to).id
    const service = await progress.step(`roll ${name} back${to === undefined ? '' : ` to ${to}`}`, (step) =>
      facet.rollback(name, {to, signal: this.signal, onProgress: (note) => step.note(note)}),
    )
    return actView([service], `is back${to === undefined ? '' : ` at ${to}`}, as release ${service.release ?? '?'}`)
  }

  /** Undefined: the one before, which needs no choice. */
  async #ask(name: string, releases: Parameters<typeof rollbackTargets>[0]): Promise<string | undefined> {
    const targets = rollbackTargets(releases)
    if (targets.length < 2 || !canAsk() || (this.format !== 'table' && this.format !== 'wide')) return undefined
    const now = new Date()
    return askChoice(
      `roll ${name} back to which release?`,
      targets.map((release) => ({value: release.id, name: releaseChoice(release, now)})),
      {signal: this.signal},
    )
  }
}
