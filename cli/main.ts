#!/usr/bin/env node
import './node-20.ts'
import { commands } from './commands.ts'
import { run } from './run.ts'
import { version } from './version.ts'

// `| head` closes the pipe: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await run({ argv: process.argv.slice(2), process, commands, version: version() })
