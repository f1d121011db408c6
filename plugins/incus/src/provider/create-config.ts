import type {InstanceSpec} from '@omni-cli/sdk'
import {labelConfig} from './labels.ts'
import {RECORD_KEY, type SpecRecord} from './map-record.ts'
import {sizeText} from './map-sizes.ts'

type Config = Readonly<Record<string, string>>

export const USER_DATA = 'cloud-init.user-data'

/** The text of `cloud_init`: as it was written, or the YAML of a map below the header that cloud-init looks for. */
export async function userDataOf({cloud_init: cloudInit}: InstanceSpec): Promise<string | undefined> {
  if (cloudInit === undefined || typeof cloudInit === 'string') return cloudInit
  const {stringify} = await import('yaml')
  return `#cloud-config\n${stringify(cloudInit, {lineWidth: 0})}`
}

export interface ConfigInput {
  readonly userData: string | undefined
  readonly record: SpecRecord
}

/** The settings of the machine itself, all as text: Incus takes nothing else. */
export function configOf(spec: InstanceSpec, {userData, record}: ConfigInput): Record<string, string> {
  return {
    ...spec.config,
    ...key('limits.cpu', spec.cpus),
    ...key('limits.memory', spec.memory === undefined ? undefined : sizeText(spec.memory)),
    ...key('boot.autostart', spec.autostart),
    ...key('security.protection.delete', spec.protect),
    ...key(USER_DATA, userData),
    ...labelConfig({...tagLabels(spec), ...spec.metadata}),
    [RECORD_KEY]: JSON.stringify(record),
  }
}

const key = (name: string, value: string | number | boolean | undefined): Config =>
  value === undefined ? {} : {[name]: String(value)}

const tagLabels = ({tags = []}: InstanceSpec): Config => Object.fromEntries(tags.map((tag) => [tag, 'true']))
