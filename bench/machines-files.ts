/**
 * A file of 1 GB into a container and out of it: `omni cp` beside `incus file push` and `pull`:
 * `node bench/machines-files.ts [--json] [--rounds 3] [--megabytes 1000]`, about 1 min.
 */
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {median, report, timed} from './apps/home.ts'
import {createMachinesBench, IMAGE} from './apps/machines.ts'

const {values} = parseArgs({
  options: {
    json: {type: 'boolean'},
    rounds: {type: 'string', default: '3'},
    megabytes: {type: 'string', default: '1000'},
  },
})

const bench = await createMachinesBench()
try {
  const file = join(bench.home.folder, 'big')
  await bench.sh(`head -c ${Number(values.megabytes) * 1_000_000} /dev/urandom > '${file}'`)
  await bench.incus('launch', '--quiet', IMAGE, 'box')
  const times: Record<'oursIn' | 'theirsIn' | 'oursOut' | 'theirsOut', number[]> = {
    ...{oursIn: [], theirsIn: [], oursOut: [], theirsOut: []},
  }
  for (let round = 0; round < Number(values.rounds); round++) {
    times.oursIn.push(await timed(() => bench.home.omni('cp', '--quiet', file, 'box:/root/ours')))
    times.theirsIn.push(await timed(() => bench.incus('file', 'push', '--quiet', file, 'box/root/theirs')))
    times.oursOut.push(await timed(() => bench.home.omni('cp', '--quiet', 'box:/root/ours', `${file}.ours`)))
    times.theirsOut.push(await timed(() => bench.incus('file', 'pull', '--quiet', 'box/root/theirs', `${file}.theirs`)))
    await bench.sh(`cmp '${file}' '${file}.ours' && rm '${file}.ours' '${file}.theirs'`)
    await bench.incus('exec', 'box', '--', 'rm', '/root/ours', '/root/theirs')
  }
  const into = median(times.theirsIn) / median(times.oursIn)
  const out = median(times.theirsOut) / median(times.oursOut)
  report(`a file of ${values.megabytes} MB and a container, ${values.rounds} rounds`, [
    {name: 'omni cp in, median', value: median(times.oursIn), unit: 'ms'},
    {name: 'incus file push, median', value: median(times.theirsIn), unit: 'ms'},
    {name: 'speed of omni / incus, in', value: into, unit: '×', wanted: '>= 0.9', met: into >= 0.9},
    {name: 'omni cp out, median', value: median(times.oursOut), unit: 'ms'},
    {name: 'incus file pull, median', value: median(times.theirsOut), unit: 'ms'},
    {name: 'speed of omni / incus, out', value: out, unit: '×', wanted: '>= 0.9', met: out >= 0.9},
  ])
} finally {
  await bench.dispose()
}
