import {spawn} from 'node:child_process'
import {join} from 'node:path'

/**
 * Starts engines by their scripts in `test/engines`, one after the other; each prints `KEY=VALUE` lines for the tests.
 * Rejects when one does not start.
 */
export async function startEngines(root: string, scripts: readonly string[]): Promise<Record<string, string>> {
  const settings: Record<string, string> = {}
  for (const script of scripts) {
    const {code, output} = await runScript(join(root, 'test', 'engines', script))
    if (code !== 0) throw new Error(`test/engines/${script} ended with ${code}`)
    for (const line of output.split('\n')) {
      const [, key, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? []
      if (key !== undefined && value !== undefined) settings[key] = value
    }
  }
  return settings
}

export async function stopEngines(root: string, scripts: readonly string[]): Promise<void> {
  for (const script of scripts.toReversed()) await runScript(join(root, 'test', 'engines', script), 'down')
}

function runScript(file: string, ...args: string[]): Promise<{readonly code: number; readonly output: string}> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {stdio: ['ignore', 'pipe', 'inherit']})
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.on('error', reject)
    // Not its streams' end: an engine that it leaves running may hold them.
    child.on('exit', (code) => setImmediate(() => resolve({code: code ?? 1, output})))
  })
}
