import { ok } from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { freePorts } from '../support/free-ports.ts'
import { blocksUnder } from '../support/pages.ts'
import type { Group } from './group.ts'

const PAGE = 'docs/operations.md'

/** The SDK of docs/operations.md, installed and loaded: a request is a span that reaches a collector. */
export const TRACES: Group = {
  name: 'traces',
  pages: [PAGE],
  packages: [],
  isNamed: true,
  check: async (report, shell) => {
    const received: string[] = []
    const collector = createServer(async (request, response) => {
      received.push(`${request.url} ${(await buffer(request)).toString('latin1')}`)
      response.end()
    }).listen(0, '127.0.0.1')
    await once(collector, 'listening')
    const { port } = collector.address() as AddressInfo
    const [s3 = 0, admin = 0] = await freePorts(2)
    symlinkSync(resolve('build'), shell.path('build'))
    const yaml = readFileSync('config/sandbox.yaml', 'utf8')
      .replace('127.0.0.1:8080', `127.0.0.1:${s3}`)
      .replace('127.0.0.1:9090', `127.0.0.1:${admin}`)
    writeFileSync(shell.path('FILE'), yaml)
    const [install, serve] = blocksUnder(PAGE, 'Traces', 'sh', 2)
    if (install === undefined || serve === undefined) return
    await report.check('traces', 'a request is a span that reaches the collector', async () => {
      await shell.run(install)
      const program = shell.start(serve, {
        replace: { 'http://collector:4318': `http://127.0.0.1:${port}` },
        env: { OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' },
      })
      try {
        await program.waitFor(/Sealgate is up/)
        await fetch(`http://127.0.0.1:${s3}/demo`)
      } finally {
        await program.stop()
      }
      const spans = received.filter((one) => one.startsWith('/v1/traces'))
      ok(
        spans.some((one) => one.includes('ListObjects') && one.includes('sealgate')),
        received.join('\n').slice(0, 3000),
      )
    })
    collector.close()
  },
}
