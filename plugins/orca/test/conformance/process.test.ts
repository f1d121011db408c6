import {fileURLToPath} from 'node:url'
import {describe} from 'vitest'
import {describeConformance} from './suite.ts'

const app = fileURLToPath(new URL('../../../../test/engines/app.cjs', import.meta.url))

/** Needs no engine but time: it runs where those do. */
describe.skipIf(process.env.OMNI_TEST_ENGINES === undefined)('a server', () => {
  describeConformance('processes', {fields: {command: [process.execPath, app], port: 8080}, isApp: true})
})
