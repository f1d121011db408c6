import {randomBytes} from 'node:crypto'
import {join} from 'node:path'
import {type BenchHome, createBenchHome, runProgram} from './home.ts'

/** Objects on the API server of `OMNI_TEST_KUBECONFIG`, for the CLI and for kubectl beside it. */
export interface ObjectsBench extends AsyncDisposable {
  readonly home: BenchHome
  readonly env: NodeJS.ProcessEnv
  /** File with the objects; the namespace is that of the context. */
  readonly file: string
  kubectl(...args: string[]): Promise<string>
  /** A fresh namespace, for both, and no other one. */
  freshNamespace(): Promise<void>
}

/** ConfigMaps of about 600 bytes, as applications have them. */
function configMaps(count: number): string {
  const text = Array.from({length: 8}, (_, line) => `    line ${line} of a text that is about so long as this one`)
  const one = (index: number) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-${index}\n  labels: {app: bench}\ndata:\n  number: "${index}"\n  text: |\n${text.join('\n')}\n`
  return Array.from({length: count}, (_, index) => one(index)).join('---\n')
}

export async function createObjectsBench(count: number): Promise<ObjectsBench> {
  const kubeconfig = process.env.OMNI_TEST_KUBECONFIG
  if (kubeconfig === undefined) throw new Error('OMNI_TEST_KUBECONFIG names the kubeconfig of a cluster for tests')
  const home = createBenchHome({KUBECONFIG: kubeconfig})
  const env = {...process.env, KUBECONFIG: kubeconfig}
  const kubectlBare = (...args: string[]) => runProgram(['kubectl', ...args], env)
  const cluster = (await kubectlBare('config', 'current-context')).trim()
  let namespace: string | undefined
  const drop = async () => {
    if (namespace !== undefined) await kubectlBare('delete', 'namespace', namespace, '--wait=false')
    namespace = undefined
  }
  home.write('objects.yaml', configMaps(count))
  return {
    home,
    env,
    file: join(home.folder, 'objects.yaml'),
    kubectl: (...args) => kubectlBare('--namespace', namespace ?? 'default', ...args),
    async freshNamespace() {
      await drop()
      namespace = `bench-${randomBytes(3).toString('hex')}`
      await kubectlBare('create', 'namespace', namespace)
      home.write('.ome/config.yaml', `contexts: [{name: bench, cluster: '${cluster}', namespace: ${namespace}}]\n`)
    },
    async [Symbol.asyncDispose]() {
      await drop()
      await home.dispose()
    },
  }
}
