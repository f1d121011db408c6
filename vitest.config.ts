import {fileURLToPath} from 'node:url'
import {defineConfig} from 'vitest/config'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

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
    exclude: ['**/node_modules/**', 'test/engines/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    pool: 'forks',
  },
})
