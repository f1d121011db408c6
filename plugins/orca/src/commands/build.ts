import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {OmniError} from '@omni-cli/sdk'
import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {createEngine, type Engine} from '../runtimes/docker/engine/engine.ts'
import {openTransport} from '../runtimes/docker/engine/transport.ts'
import {type BuiltImage, buildSources} from '../runtimes/docker/images/build-sources.ts'
import {type PushedImage, pushImage} from '../runtimes/docker/images/push.ts'

interface Outcome extends BuiltImage {
  readonly pushed?: PushedImage | undefined
}

/** `-o json`: `{image, id, commit?, pushed?}`; `pushed` as `omni push` has it. */
export default class Build extends BaseCommand {
  static override summary = 'build an image from a folder or a git repository'
  static override description =
    'Builds with the Dockerfile of the sources on the Docker Engine of DOCKER_HOST; .dockerignore is honoured. The output of the build goes to stderr. Submodules are not fetched, and there are no build arguments.'
  static override examples = [
    '<%= config.bin %> build',
    '<%= config.bin %> build ./web --tag ghcr.io/acme/web:1.4 --push',
    '<%= config.bin %> build --repo https://github.com/acme/web.git --branch main',
  ]
  static override args = {dir: Args.string({description: 'folder of the sources; default: this one'})}
  static override flags = {
    repo: Flags.string({summary: 'git repository to build instead of a folder', helpValue: 'URL'}),
    branch: Flags.string({summary: 'branch, tag or commit of the repository', helpValue: 'NAME', dependsOn: ['repo']}),
    tag: Flags.string({summary: 'name of the image', helpValue: 'NAME:TAG'}),
    file: Flags.string({summary: 'Dockerfile, relative to the sources', helpValue: 'PATH'}),
    'no-cache': Flags.boolean({summary: 'run every step again'}),
    push: Flags.boolean({summary: 'push it when it is built', dependsOn: ['tag']}),
  }

  async run(): Promise<View> {
    const {args, flags} = await this.parse(Build)
    if (args.dir !== undefined && flags.repo !== undefined) {
      throw new OmniError('USAGE', 'give a folder or --repo, not both')
    }
    const {home, log} = await this.session()
    const engine = createEngine(openTransport(process.env))
    try {
      const {repo, branch, tag, file: dockerfile, push} = flags
      const built = await buildSources(engine, {
        ...{home, log, env: process.env, signal: this.signal},
        ...{folder: args.dir ?? '.', repo, branch, dockerfile, tag, isClean: flags['no-cache']},
        onOutput: (line) => this.notice(line),
      })
      const data: Outcome = push ? {...built, pushed: await this.#push(engine, built.image)} : built
      return itemView({data, ref: `image/${built.image}`, text: linesOf})
    } finally {
      engine.close()
    }
  }

  async #push(engine: Engine, image: string): Promise<PushedImage> {
    const progress = await this.progress()
    return progress.step(`pushing ${image}`, (step) =>
      pushImage(engine, {image, env: process.env, signal: this.signal, onProgress: (text) => step.note(text)}),
    )
  }
}

const linesOf = ({image, id, commit, pushed}: Outcome): string[] => [
  `built   ${image}`,
  `id      ${id}`,
  ...(commit === undefined ? [] : [`commit  ${commit}`]),
  ...(pushed === undefined ? [] : [`pushed  ${pushed.digest}`]),
]
