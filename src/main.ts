#!/usr/bin/env node
import { text } from 'node:stream/consumers'
import { runCommand } from './cli/run-command.ts'

// `sealgate --help | head`: whoever reads has had enough, which is no failure of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

process.exitCode = await runCommand(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  ...(process.stderr.isTTY
    ? { progress: (text: string) => process.stderr.write(`\r\u001b[K${text}`) }
    : {}),
  readInput: () => text(process.stdin),
  env: process.env,
  memoryBytes: process.constrainedMemory(),
  exit: (code) => process.exit(code),
})
