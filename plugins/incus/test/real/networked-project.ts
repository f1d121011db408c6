import {createTestProject, type TestProject} from './test-project.ts'

/** A project whose machines are on the bridge of the daemon. Their names must be random: it is shared. */
export async function createNetworkedProject(): Promise<TestProject> {
  const project = await createTestProject()
  const devices = {
    root: {type: 'disk', path: '/', pool: 'default'},
    eth0: {type: 'nic', name: 'eth0', network: 'omnibr0'},
  }
  await project.client.send({method: 'PUT', path: '/profiles/default', json: {config: {}, devices}})
  return project
}
