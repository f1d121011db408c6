import type {ServiceSpec} from '@omni-cli/sdk'
import type {Environment} from './environment.ts'
import type {AppFacts} from './facts.ts'
import {CONTAINER, PORT_NAME, RELEASE_LABEL, RESTART_ANNOTATION, serviceLabels} from './names.ts'
import {placementOf, resourcesOf} from './placement.ts'
import {probesOf} from './probes.ts'
import {volumesOf} from './volumes.ts'
import {kubeWords} from './words.ts'

/** What a pod runs. */
export interface Version {
  readonly spec: ServiceSpec
  readonly release: string
  readonly environment: Environment
  readonly restartedAt?: string | undefined
}

/** Template of the pods of one release. */
export function podTemplate(version: Version, facts: AppFacts, job?: {readonly restartPolicy: string}) {
  const {spec, release, restartedAt} = version
  const {volumes, volumeMounts} = volumesOf(spec)
  const drainSecs = job === undefined ? drainSeconds(spec) : 0
  return {
    metadata: {
      labels: {...serviceLabels(spec.name), 'app.kubernetes.io/name': spec.name, [RELEASE_LABEL]: release},
      ...(restartedAt === undefined ? {} : {annotations: {[RESTART_ANNOTATION]: restartedAt}}),
    },
    spec: {
      containers: [
        {
          ...containerOf(version),
          ...(volumeMounts.length === 0 ? {} : {volumeMounts}),
          ...(job === undefined ? probesOf(spec) : {}),
          ...(drainSecs === 0 ? {} : {lifecycle: {preStop: pause(drainSecs, facts.minor)}}),
        },
      ],
      ...(volumes.length === 0 ? {} : {volumes}),
      ...(job ?? {}),
      ...securityOf(spec),
      ...placementOf(spec, facts.node ?? undefined),
      // The time that the pause takes counts, too.
      terminationGracePeriodSeconds: drainSecs + Math.max(1, Math.ceil(spec.stop_grace_secs)),
      // Else each service would be seen as variables of Docker's old links, which say otherwise than ours.
      enableServiceLinks: false,
    },
  }
}

/** Requests still come while the news that a replica goes is on its way: it goes on answering for so long. */
export const drainSeconds = ({port, deploy}: ServiceSpec): number =>
  port === undefined ? 0 : Math.ceil(deploy?.drain_secs ?? 5)

/** Clusters before 1.30 need the program `sleep` in the image; without it the pause is left out, and an event says so. */
const pause = (seconds: number, minor: number): object =>
  minor >= 30 ? {sleep: {seconds}} : {exec: {command: ['sleep', String(seconds)]}}

const PULL = {auto: 'IfNotPresent', 'if-not-present': 'IfNotPresent', always: 'Always', never: 'Never'} as const

function containerOf({spec, environment}: Version): object {
  const names = new Set(environment.entries.map(({name}) => name))
  return {
    name: CONTAINER,
    image: spec.image,
    imagePullPolicy: PULL[spec.pull_policy ?? 'auto'],
    ...(spec.entrypoint === undefined ? {} : {command: kubeWords(spec.entrypoint, names)}),
    ...(spec.command === undefined ? {} : {args: kubeWords(spec.command, names)}),
    ...(spec.working_dir === undefined ? {} : {workingDir: spec.working_dir}),
    ...(spec.port === undefined ? {} : {ports: [{name: PORT_NAME, containerPort: spec.port, protocol: 'TCP'}]}),
    ...(environment.entries.length === 0 ? {} : {env: environment.entries}),
    ...resourcesOf(spec),
  }
}

const USER = /^(\d+)(?::(\d+))?$/

export const isNumericUser = (user: string): boolean => USER.test(user)

function securityOf({user}: ServiceSpec): object {
  const [, uid, gid] = USER.exec(user ?? '') ?? []
  if (uid === undefined) return {}
  return {securityContext: {runAsUser: Number(uid), ...(gid === undefined ? {} : {runAsGroup: Number(gid)})}}
}
