#!/usr/bin/env node
// The program from its sources as they are now: builds what has changed, then runs what it has built.
'use strict'

const {execFileSync} = require('node:child_process')
const path = require('node:path')

const root = path.dirname(__dirname)
const PATH = `${path.join(root, 'node_modules', '.bin')}${path.delimiter}${process.env.PATH}`
execFileSync('node', [path.join(root, 'scripts', 'build.ts'), '--if-changed'], {
  env: {...process.env, PATH},
  stdio: ['ignore', 2, 2],
})
require('./run.js')
