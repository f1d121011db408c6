import {fileURLToPath} from 'node:url'
import {describeConformance} from './suite.ts'

const app = fileURLToPath(new URL('../../../../test/engines/app.cjs', import.meta.url))

describeConformance('processes', {fields: {command: [process.execPath, app], port: 8080}, isApp: true})
