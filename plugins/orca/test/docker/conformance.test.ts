import {describe} from 'vitest'
import {describeConformance} from '../conformance/suite.ts'

const host = process.env.OMNI_TEST_DOCKER_HOST

describe.skipIf(host === undefined)('on Docker', () => {
  const fields = {image: 'omni-test/app:1', port: 8080}
  describeConformance('containers', {fields, isApp: true}, {DOCKER_HOST: host ?? ''})
})
