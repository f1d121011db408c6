import {messageOf, OmniError, redact} from '@omni-cli/sdk'
import type {Engine} from '../engine/engine.ts'
import {isRefusal} from '../engine/failure.ts'
import type {BuildContext} from './build-context.ts'
import {registryConfig} from './credentials.ts'
import {throwAbort} from './failure.ts'
import {type EngineMessage, readMessages, StreamedFailure} from './messages.ts'
import {DOCKER_HUB, parseReference} from './reference.ts'

export interface BuildOptions {
  /** `name:tag`. */
  readonly tag: string
  readonly labels: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Steps that were run before are run again. */
  readonly isClean?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onOutput?: ((line: string) => void) | undefined
}

/** Lines of the output that a failure carries. */
const LAST_LINES = 20

/**
 * Builds with the Engine's own builder; the image's id. MANIFEST_INVALID with the failing step, and the last lines of the
 * output in its details, when the Dockerfile does not work. An abort ends the build. There are no build arguments, so no
 * secret can be in the history of the image.
 */
export async function buildImage(engine: Engine, context: BuildContext, options: BuildOptions): Promise<string> {
  const {signal, onOutput} = options
  const progress = createBuildProgress((line) => onOutput?.(line))
  const body = context.open()
  body.once('error', () => undefined)
  try {
    const registries = [DOCKER_HUB, ...context.baseImages.flatMap(registryOf)]
    const auth = await registryConfig(registries, options)
    const answer = await engine.stream('POST', '/build', {
      query: {
        t: options.tag,
        dockerfile: context.dockerfile,
        labels: JSON.stringify(options.labels),
        nocache: options.isClean === true,
        rm: true,
        forcerm: true,
        version: 1,
      },
      headers: {'x-registry-config': auth},
      body,
      contentType: 'application/x-tar',
      signal,
      timeoutMs: 0,
    })
    for await (const message of readMessages(answer)) progress.add(message)
  } catch (error) {
    throwAbort(error, signal)
    if (body.errored) {
      throw new OmniError('IO', `the files for the build cannot be read: ${messageOf(body.errored)}`, {cause: error})
    }
    throw buildError(error, progress)
  } finally {
    body.destroy()
  }
  progress.end()
  if (progress.id === undefined) throw new OmniError('UNAVAILABLE', 'the Docker Engine did not tell what it has built')
  return progress.id
}

const registryOf = (image: string): string[] => {
  try {
    return [parseReference(image).registry]
  } catch {
    // The Engine says so with the step.
    return []
  }
}

interface BuildProgress {
  add(message: EngineMessage): void
  end(): void
  readonly id: string | undefined
  /** `RUN npm ci`; of the step that runs. */
  readonly step: string | undefined
  readonly lastLines: readonly string[]
}

function createBuildProgress(print: (line: string) => void): BuildProgress {
  const lastLines: string[] = []
  let rest = ''
  let id: string | undefined
  let step: string | undefined
  const addLine = (text: string) => {
    const line = text.replace(/.*\r(?=.)/, '').trimEnd()
    if (line === '') return
    step = /^Step \d+\/\d+ : (.*)$/.exec(line)?.[1] ?? step
    lastLines.push(line)
    if (lastLines.length > LAST_LINES) lastLines.shift()
    print(line)
  }
  return {
    add({stream = '', aux}) {
      if (typeof aux?.ID === 'string') id = aux.ID
      const lines = (rest + stream).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) addLine(line)
    },
    end: () => addLine(rest),
    get id() {
      return id
    },
    get step() {
      return step
    },
    lastLines,
  }
}

function buildError(error: unknown, {step, lastLines}: BuildProgress): unknown {
  const isTold = error instanceof StreamedFailure || isRefusal(error)
  if (!isTold) return error
  const words = redact(error.message.trim())
  const code = /returned a non-zero code: (\d+)/.exec(words)?.[1]
  const why = code === undefined ? words : `it ended with exit ${code}`
  const message = step === undefined ? `the image cannot be built: ${words}` : `build step '${step}' failed: ${why}`
  return new OmniError('MANIFEST_INVALID', message, {details: {lastLines: [...lastLines]}, cause: error})
}
