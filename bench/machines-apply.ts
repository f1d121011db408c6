/**
 * 20 containers from nothing until they run: `omni apply`, beside a serial loop of `incus launch` and `xargs -P8`:
 * `node bench/machines-apply.ts [--json] [--rounds 3] [--count 20]`, about 2 min. What is waited for is the same for
 * all of them: that they run.
 */
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {median, report, timed} from './apps/home.ts'
import {createMachinesBench, IMAGE, launchAll, planOf} from './apps/machines.ts'

const {values} = parseArgs({
  options: {json: {type: 'boolean'}, rounds: {type: 'string', default: '3'}, count: {type: 'string', default: '20'}},
})
const count = Number(values.count)

const bench = await createMachinesBench()
try {
  const times: Record<'ours' | 'serial' | 'xargs', number[]> = {ours: [], serial: [], xargs: []}
  bench.home.write('plan.yaml', planOf(count, 'm'))
  const plan = join(bench.home.folder, 'plan.yaml')
  const serial = `for i in $(seq 0 ${count - 1}); do incus launch --quiet ${IMAGE} m-$i; done`
  for (let round = 0; round < Number(values.rounds); round++) {
    times.ours.push(await timed(() => bench.home.omni('apply', plan, '--quiet')))
    await bench.clear()
    times.serial.push(await timed(() => bench.sh(serial)))
    await bench.clear()
    times.xargs.push(await timed(() => launchAll(bench, count, 'm')))
    await bench.clear()
  }
  const ours = median(times.ours)
  const [overSerial, overXargs] = [median(times.serial) / ours, median(times.xargs) / ours]
  report(`${count} containers on Incus, ${values.rounds} rounds`, [
    {name: 'omni apply, median', value: ours, unit: 'ms'},
    {name: 'serial loop of incus launch, median', value: median(times.serial), unit: 'ms'},
    {name: 'xargs -P8 incus launch, median', value: median(times.xargs), unit: 'ms'},
    {name: 'serial loop / omni', value: overSerial, unit: '×', wanted: '>= 3', met: overSerial >= 3},
    {name: 'xargs -P8 / omni', value: overXargs, unit: '×', wanted: '>= 1.1', met: overXargs >= 1.1},
  ])
} finally {
  await bench.dispose()
}
