import {fileURLToPath} from 'node:url'
import {defineConfig} from 'vitest/config'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Folders in which every test needs an engine: without it their files are not even read. */
const {OMNI_TEST_INCUS_SOCKET, OMNI_TEST_KUBECONFIG} = process.env
const withoutEngine = [
  ...(OMNI_TEST_INCUS_SOCKET === undefined ? ['plugins/incus/test/real/**'] : []),
  ...(OMNI_TEST_KUBECONFIG === undefined ? ['plugins/kubernetes/test/real/**'] : []),
]

/** Tests run the sources: no build is needed but for `test/e2e`, which drives the built CLI. */
export default defineConfig({
  resolve: {
    alias: [
      {find: /^@omni-cli\/sdk$/, replacement: at('packages/sdk/src/index.ts')},
      {find: /^@omni-cli\/sdk\/engine$/, replacement: at('packages/sdk/src/engine/index.ts')},
      {find: /^@omni-cli\/sdk\/cli$/, replacement: at('packages/sdk/src/cli/index.ts')},
      {find: /^@omni-cli\/testkit$/, replacement: at('packages/testkit/src/index.ts')},
    ],
  },
  test: {
    disableConsoleIntercept: true,
    include: ['packages/*/test/**/*.test.ts', 'plugins/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/engines/**', ...withoutEngine],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    pool: 'forks',
  },
})
