import type {InitAnswers} from './answers.ts'

/** Settings that the answers mean, as they are written under the context. What was not answered is not in it. */
export function contextOf(answers: InitAnswers): Readonly<Record<string, unknown>> {
  // Only one driver talks to such a server.
  const services = answers.services ?? (answers.url === undefined ? undefined : 'orca')
  const providers = {
    ...(isDriver(answers.instances) ? {instances: answers.instances} : {}),
    ...(services === undefined ? {} : {services: services === 'cluster' ? 'kubernetes' : services}),
  }
  const token = answers['token-env']
  const orca = {
    ...(answers.url === undefined ? {} : {url: answers.url}),
    ...(token === undefined ? {} : {token: {env: token}}),
  }
  const hosts = (answers['ssh-host'] ?? []).map((host) => hostOf(host, answers))
  return {
    ...(answers.cluster === undefined ? {} : {cluster: answers.cluster}),
    ...(answers.namespace === undefined ? {} : {namespace: answers.namespace}),
    ...(Object.keys(providers).length === 0 ? {} : {providers}),
    ...(Object.keys(orca).length === 0 ? {} : {orca}),
    ...(hosts.length === 0 ? {} : {hosts}),
  }
}

/** `auto` leaves the choice to each command, `none` says nothing. */
const isDriver = (id: string | undefined): id is string => id !== undefined && id !== 'auto' && id !== 'none'

function hostOf(text: string, answers: InitAnswers): Readonly<Record<string, unknown>> {
  const match = /^(?:(?<user>[^@]+)@)?(?<address>\[[^\]]+\]|[^:]+)(?::(?<port>\d+))?$/.exec(text)
  const {user, address = text, port} = match?.groups ?? {}
  return {
    address: address.replace(/^\[|\]$/g, ''),
    ...(user === undefined ? {} : {user}),
    ...(port === undefined ? {} : {port: Number(port)}),
    ...(answers['ssh-key'] === undefined ? {} : {'identity-file': answers['ssh-key']}),
    ...(answers.bastion === undefined ? {} : {bastion: answers.bastion}),
  }
}
