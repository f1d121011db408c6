/**
 * A program in each of 50 containers: `omni exec -l`, beside a serial loop of `incus exec`:
 * `node bench/machines-exec.ts [--json] [--rounds 5] [--count 50]`, about 1 min.
 */
import {parseArgs} from 'node:util'
import {median, report, timed} from './apps/home.ts'
import {createMachinesBench, IMAGE} from './apps/machines.ts'

const {values} = parseArgs({
  options: {json: {type: 'boolean'}, rounds: {type: 'string', default: '5'}, count: {type: 'string', default: '50'}},
})
const count = Number(values.count)

const bench = await createMachinesBench()
try {
  await bench.sh(`seq 0 ${count - 1} | xargs -P8 -I{} incus launch --quiet ${IMAGE} m-{} -c user.role=bench`)
  const loop = `for i in $(seq 0 ${count - 1}); do incus exec m-$i -- hostname; done`
  const times: Record<'ours' | 'serial', number[]> = {ours: [], serial: []}
  for (let round = -1; round < Number(values.rounds); round++) {
    let output = ''
    const ours = await timed(async () => {
      output = await bench.home.omni('exec', '-l', 'role=bench', '--', 'hostname')
    })
    if (output.trim().split('\n').length !== count) throw new Error(`not ${count} answers: ${output}`)
    const serial = await timed(() => bench.sh(loop))
    // The first round fills the caches.
    if (round < 0) continue
    times.ours.push(ours)
    times.serial.push(serial)
  }
  const ratio = median(times.ours) / median(times.serial)
  report(`exec in ${count} containers on Incus, ${values.rounds} rounds`, [
    {name: 'omni exec -l, median', value: median(times.ours), unit: 'ms'},
    {name: 'serial loop of incus exec, median', value: median(times.serial), unit: 'ms'},
    {name: 'omni / serial loop', value: ratio, unit: '×', wanted: '<= 0.4', met: ratio <= 0.4},
  ])
} finally {
  await bench.dispose()
}
