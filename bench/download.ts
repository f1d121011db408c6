/**
 * A large file from a hub on this machine that limits each connection, by `omni import hf --download` and by aria2c; then a
 * byte that changes on the disk, and a download that is killed. Ours checks the SHA-256 of the whole, aria2c checks nothing.
 *
 * `node bench/download.ts [--json] [--mib 4096] [--limit 8] [--rounds 3]`; MiB a second for each connection; about 4 min.
 */
import {type ChildProcess, fork, spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {parseArgs} from 'node:util'
import {type BenchRow, createBenchHome, median, OMNI_BIN, report, runProgram, timed} from './apps/home.ts'

const {values} = parseArgs({
  options: {
    json: {type: 'boolean'},
    mib: {type: 'string', default: '4096'},
    limit: {type: 'string', default: '8'},
    rounds: {type: 'string', default: '3'},
  },
})
const MIB = 1024 * 1024
const CONNECTIONS = 16
const size = Number(values.mib) * MIB

const folder = mkdtempSync(join(tmpdir(), 'omni-bench-download-'))
const program = fileURLToPath(new URL('../plugins/huggingface/test/hub/serve.ts', import.meta.url))
const server = fork(program, [String(size), String(Number(values.limit) * MIB)])
const {url} = await answer(server)
const home = createBenchHome({HF_ENDPOINT: url})
try {
  const times = {omni: [] as number[], aria2: [] as number[]}
  const hasAria2 = spawnSync('aria2c', ['--version']).status === 0
  for (let round = 0; round < Number(values.rounds); round++) {
    rmSync(join(folder, 'omni'), {recursive: true, force: true})
    times.omni.push(await timed(() => download('omni')))
    if (hasAria2) times.aria2.push(await timed(aria2))
    rmSync(join(folder, 'aria2'), {recursive: true, force: true})
  }
  const title = `a file of ${values.mib} MiB, ${values.limit} MiB/s for each of ${CONNECTIONS} connections, ${values.rounds} rounds`
  report(title, [...speeds(times), ...(await flipped()), ...(await killed())])
} finally {
  await home.dispose()
  rmSync(folder, {recursive: true, force: true})
  server.disconnect()
}

function speeds({omni, aria2: peer}: Readonly<Record<'omni' | 'aria2', number[]>>): BenchRow[] {
  const speed = (times: number[]) => size / MIB / (median(times) / 1000)
  const ours = {name: 'omni import hf --download, all of it checked', value: speed(omni), unit: 'MiB/s'}
  if (peer.length === 0) return [ours, {name: 'aria2c is not installed', value: 0, unit: ''}]
  const ratio = median(peer) / median(omni)
  return [
    ours,
    {name: 'aria2c -x16 -s16 -k1M, nothing checked', value: speed(peer), unit: 'MiB/s'},
    {name: 'omni / aria2c', value: ratio, unit: '×', wanted: '>= 1', met: ratio >= 1},
  ]
}

/** One byte in the middle of the finished file changes on the disk. */
async function flipped(): Promise<BenchRow[]> {
  const path = join(folder, 'omni', 'model.safetensors')
  const file = openSync(path, 'r+')
  const byte = Buffer.alloc(1)
  readSync(file, byte, 0, 1, size / 2)
  byte.writeUInt8(byte.readUInt8(0) ^ 1)
  writeSync(file, byte, 0, 1, size / 2)
  const {fetchedBytes, repairedChunks} = await download('omni')
  const met = fetchedBytes <= 8 * MIB && repairedChunks === 1
  return [{name: 'fetched again for a flipped byte', value: fetchedBytes / MIB, unit: 'MiB', wanted: '<= 8', met}]
}

/** Killed in the middle; what both runs were sent beyond the size of the file was fetched twice. */
async function killed(): Promise<BenchRow[]> {
  const before = await bytesSent()
  const child = spawn(process.execPath, [OMNI_BIN, ...words('killed')], {
    env: {...process.env, OMNI_HOME: home.omniHome, HF_ENDPOINT: url},
    stdio: 'ignore',
  })
  const isOver = once(child, 'exit')
  while ((await bytesSent()) - before < size / 2) await new Promise((resolve) => setTimeout(resolve, 50))
  child.kill('SIGKILL')
  await isOver
  const {fetchedBytes} = await download('killed')
  const path = join(folder, 'killed', 'model.safetensors')
  if (!existsSync(path) || statSync(path).size !== size) throw new Error('the file is not there')
  const twice = (await bytesSent()) - before - size
  const most = CONNECTIONS * 8
  const met = twice <= most * MIB
  return [
    {name: 'fetched after kill -9 in the middle', value: fetchedBytes / MIB, unit: 'MiB'},
    {
      name: 'of that for the second time',
      value: twice / MIB,
      unit: 'MiB',
      wanted: `<= ${most}`,
      met,
    },
  ]
}

function words(name: string): string[] {
  return ['import', 'hf', 'ivory/big', '--no-create', '--download', join(folder, name), '-o', 'json']
}

async function download(name: string): Promise<{readonly fetchedBytes: number; readonly repairedChunks: number}> {
  return JSON.parse(await home.omni(...words(name))).models[0].download
}

function aria2(): Promise<string> {
  const address = `${url}/ivory/big/resolve/main/model.safetensors`
  const flags = ['-x16', '-s16', '-k1M', '-q', '--file-allocation=none', '-d', join(folder, 'aria2'), '-o', 'model']
  return runProgram(['aria2c', ...flags, address])
}

async function bytesSent(): Promise<number> {
  server.send('bytes')
  return (await answer(server)).bytesSent
}

async function answer(child: ChildProcess): Promise<{readonly url: string; readonly bytesSent: number}> {
  const [message] = await once(child, 'message')
  return message
}
