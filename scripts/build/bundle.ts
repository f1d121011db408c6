import {join} from 'node:path'
import {rolldown} from 'rolldown'
import {lazyBuiltins, lazyOclif, lightZod, quietLogger} from './lazy.ts'
import type {Entries} from './packages.ts'

/** ejs compiles templates; what a package entry exports is in the common file, however it is imported elsewhere. */
const EXPECTED_LOGS = new Set(['EVAL', 'INEFFECTIVE_DYNAMIC_IMPORT'])

const VIRTUAL = '\0entry:'

/** What runs with every command, in one file: each file more costs a third of a millisecond. */
const RUN_FILES = [
  'src/start/dispatch.ts',
  'packages/sdk/src/cli/command.ts',
  'packages/sdk/src/cli/flags.ts',
  'packages/sdk/src/cli/open-session.ts',
  'packages/sdk/src/cli/requested-format.ts',
  'packages/sdk/src/io/create-exec.ts',
  'packages/sdk/src/io/create-http.ts',
]

/** What a command about services needs besides, in one file too. */
const SERVICE_FILES = [
  'plugins/orca/src/provider/index.ts',
  'plugins/orca/src/provider/native-engine.ts',
  'plugins/orca/src/client/client.ts',
  'plugins/orca/src/client/local-files.ts',
  'plugins/orca/src/client/local-server.ts',
  'src/apps/act.ts',
  'src/apps/target.ts',
  'src/resources/target.ts',
]

/**
 * One bundle with shared chunks. CommonJS, because Node starts it sooner than ES modules (docs/decisions/start.md);
 * what a command imports with `await import()` stays a chunk of its own.
 */
export async function bundleCli(root: string, entries: Entries, dir: string): Promise<void> {
  const files = [...entries.commands, ...entries.providers]
  const sources = new Map(files.map(({name, source}) => [name, source]))
  const bundle = await rolldown({
    input: {start: join(root, 'src/start/main.ts'), ...Object.fromEntries(files.map(({name}) => [name, VIRTUAL + name]))},
    platform: 'node',
    external: ['@oclif/plugin-plugins'],
    // Nothing of ours acts when it is imported, so a file that uses one function of a package gets that function.
    treeshake: {moduleSideEffects: (id) => id.includes('/node_modules/')},
    resolve: {alias: {...sdkAlias(root), 'wsl-utils': join(root, 'src/start/wsl.ts')}},
    plugins: [
      lightZod,
      quietLogger,
      lazyOclif,
      lazyBuiltins,
      {
        name: 'default-export-only',
        resolveId: (id: string) => (id.startsWith(VIRTUAL) ? id : undefined),
        load: (id: string) =>
          id.startsWith(VIRTUAL)
            ? `export {default} from ${JSON.stringify(sources.get(id.slice(VIRTUAL.length)))}`
            : undefined,
      },
    ],
    onLog(level, log, defaultHandler) {
      if (!EXPECTED_LOGS.has(log.code ?? '')) defaultHandler(level, log)
    },
  })
  await bundle.write({
    dir,
    format: 'cjs',
    exports: 'auto',
    minify: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: 'chunks/[name]-[hash].cjs',
    codeSplitting: {
      groups: [
        {name: 'start', test: (id) => id === join(root, 'src/start/main.ts'), priority: 2},
        {name: 'run', test: (id) => RUN_FILES.some((file) => id === join(root, file)), priority: 1},
        {name: 'service', test: (id) => SERVICE_FILES.some((file) => id === join(root, file))},
      ],
    },
  })
  await bundle.close()
}

function sdkAlias(root: string): Record<string, string> {
  const src = join(root, 'packages/sdk/src')
  return {
    '@omni-cli/sdk/cli': join(src, 'cli/index.ts'),
    '@omni-cli/sdk/engine': join(src, 'engine/index.ts'),
    '@omni-cli/sdk': join(src, 'index.ts'),
  }
}
