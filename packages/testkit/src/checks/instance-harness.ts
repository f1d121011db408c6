import assert from 'node:assert/strict'
import {Readable} from 'node:stream'
import {buffer} from 'node:stream/consumers'
import {
  type ExecOptions,
  type Instance,
  type InstanceProvider,
  type InstanceSpec,
  isOmniError,
  type NetworkSpec,
  poll,
} from '@omni-cli/sdk'
import type {Check} from './check.ts'

export interface InstanceHarness {
  readonly provider: InstanceProvider
  /** The smallest valid spec of that name. */
  spec(name: string): InstanceSpec
  /** An image that there is not. Absent: it is not known which. */
  readonly missingImage?: string | undefined
  /** A network that can be made here. Default: one without addresses. */
  network?(name: string): NetworkSpec
  /** The hardware address of a machine, where the driver does not tell it in the settings. */
  macOf?(name: string): Promise<string>
  /** False where the backend of the tests runs everything as one user. */
  readonly hasUsers?: boolean | undefined
}

export type InstanceCheck = Check<InstanceHarness>

/** How long something that comes by itself (an address, an event) may take. */
export const SOON_MS = 20_000

/** Every byte, and more than fits into one piece of anything. */
export const BINARY = Buffer.from(Array.from({length: 300_000}, (_, index) => (index * 7) % 256))

export const bytesOf = (text: string | Buffer): Readable => Readable.from([Buffer.from(text)])

export async function write(provider: InstanceProvider, name: string, path: string, text: string): Promise<void> {
  await provider.files?.write(name, path, bytesOf(text))
}

export async function read(provider: InstanceProvider, name: string, path: string): Promise<string> {
  assert.ok(provider.files !== undefined)
  return (await buffer(await provider.files.read(name, path))).toString()
}

export interface Ran {
  readonly exitCode: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs a program and keeps its output. */
export async function ran(
  provider: InstanceProvider,
  argv: readonly string[],
  options: ExecOptions & {readonly name?: string} = {},
): Promise<Ran> {
  const {name = 'web', ...rest} = options
  const out: Buffer[] = []
  const err: Buffer[] = []
  assert.ok(provider.exec !== undefined)
  const {exitCode} = await provider.exec.run(name, argv, {
    onStdout: (chunk) => out.push(chunk),
    onStderr: (chunk) => err.push(chunk),
    ...rest,
  })
  return {exitCode, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString()}
}

/** Why the provider does not honour the spec; undefined when it does. */
export async function whyRefused(provider: InstanceProvider, spec: InstanceSpec): Promise<string | undefined> {
  const [first] = await provider.refusals({instances: [spec], profiles: [], networks: []})
  return first?.message
}

/** The machine once it shows what is wanted. */
export const seen = (
  provider: InstanceProvider,
  name: string,
  wanted: (instance: Instance) => boolean,
): Promise<Instance> =>
  poll({everyMs: 100, timeoutMs: SOON_MS}, async () => {
    const instance = await provider.get(name)
    return instance !== undefined && wanted(instance) ? instance : undefined
  })

/** Does it on the machine as it is, or, where the facet says that it must be stopped, on a stopped one. */
export async function whenAllowed<T>(
  {provider, needsStop = false}: {readonly provider: InstanceProvider; readonly needsStop?: boolean | undefined},
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  if (!needsStop || (await provider.get(name))?.status !== 'running') return work()
  await provider.stop(name)
  try {
    return await work()
  } finally {
    await provider.start(name)
  }
}

/** The result, or undefined where the driver says UNSUPPORTED to this part of a facet. */
export async function ifSupported<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (isOmniError(error) && error.code === 'UNSUPPORTED') return undefined
    throw error
  }
}
