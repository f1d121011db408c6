import type {ConformanceCheck} from '../check.ts'
import {contains, equal, ok, status} from '../expect.ts'

/** Services in groups. */
export const projectChecks: readonly ConformanceCheck[] = [
  {
    group: 'projects',
    name: 'the status of a project lists its services only; without a filter there are all',
    async run({bench}) {
      const [web, api] = [bench.name('web'), bench.name('api')]
      const [front, back] = [`${bench.mark}-front`, `${bench.mark}-back`]
      await bench.deployed(bench.service(web, {project: front}), bench.service(api, {project: back}))
      const names = async (query: string) => (await bench.rows(query)).map(({name}) => name)
      equal(await names(`?project=${front}`), [web], 'services of the project')
      const all = await names('')
      ok(all.includes(web) && all.includes(api), 'not all are listed')
    },
  },
  {
    group: 'projects',
    name: 'a project is stopped, and no other',
    async run({api, bench}) {
      const names = ['a', 'b', 'c'].map((part) => bench.name(part))
      const [a = '', b = '', c = ''] = names
      const project = `${bench.mark}-shop`
      await bench.deployed(bench.service(a, {project}), bench.service(b, {project}), bench.service(c))
      const answer = await api.send('DELETE', `/api/v1/projects/${project}`)
      status(answer, 200, 'stop of the project')
      const {stopped, ...rest} = answer.json() as {stopped: string[]}
      equal([...stopped].sort(), [a, b].sort(), 'stopped')
      equal(rest, {ok: `stopped project ${project}`}, 'answer')
      const left = (await bench.rows()).filter(({name}) => names.includes(name)).map(({name}) => name)
      equal(left, [c], 'services that are left')
    },
  },
  {
    group: 'projects',
    name: 'the metrics of a service have its project and its name as labels',
    async run({api, bench}) {
      const [name, project] = [bench.name(), `${bench.mark}-shop`]
      await bench.deployed(bench.service(name, {project}))
      const {text} = await api.send('GET', '/metrics')
      const line = text.split('\n').find((row) => row.startsWith('orca_instances_total') && row.includes(`"${name}"`))
      contains(line ?? '', `project="${project}"`, 'metrics')
      ok(/status="running"\} 1$/m.test(text), 'no running instance is counted')
    },
  },
]
