import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { anchorFolder } from '../../src/service/anchor-folder.ts'
import { type AnchorTarget, TrailAnchor } from '../../src/service/trail-anchor.ts'
import { openLog } from '../../src/telemetry/log.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'

function anchorOf(target: AnchorTarget) {
  const lines: string[] = []
  const log = openLog({ level: 'info', stream: { write: (line) => void lines.push(line) } })
  const metrics = new Metrics({ bucketLabel: false, clientLabel: false, withDefaults: false })
  return { anchor: new TrailAnchor(target, log, metrics), lines, metrics }
}

const NOTE = Buffer.from('origin/a\n7\n')

t.test(
  'a checkpoint stands in the folder by its origin and size, and is never replaced',
  async (t) => {
    const folder = t.testdir()
    const path = join(folder, 'origin/a/00000000000000000007')
    const { anchor, lines } = anchorOf(anchorFolder(folder))
    anchor.take({ origin: 'origin/a', size: 7, note: NOTE })
    await anchor.close()
    t.strictSame(readFileSync(path), NOTE)
    t.equal(await anchorFolder(folder).keep('origin/a/00000000000000000007', NOTE), undefined)
    writeFileSync(path, 'another')
    t.match(
      await anchorFolder(folder).keep('origin/a/00000000000000000007', NOTE),
      /holds another checkpoint/,
    )
    t.strictSame(lines, [])
  },
)

t.test('while the anchor is down the newest waits, and the failure is told once', async (t) => {
  const kept: string[] = []
  let isDown = true
  const { anchor, lines, metrics } = anchorOf({
    keep: async (name) => {
      if (isDown) throw new Error('it is down')
      kept.push(name)
      return undefined
    },
    close: async () => undefined,
  })
  for (const size of [1, 2, 3]) {
    anchor.take({ origin: 'o', size, note: NOTE })
    await new Promise(setImmediate)
  }
  t.match(lines, { length: 1, 0: /it is down.*cannot anchor the audit trail/ })
  isDown = false
  await anchor.close()
  t.strictSame(kept, ['o/00000000000000000003'])
  t.match(await metrics.registry.metrics(), /^sealgate_evidence_anchor_age_seconds 0/m)
})
