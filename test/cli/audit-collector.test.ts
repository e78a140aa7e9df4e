import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { AuditCollector } from '../../src/cli/audit-collector.ts'
import { AuditLog } from '../../src/telemetry/audit-log.ts'

async function collectorOf(t: Test) {
  const file = join(t.testdir(), 'audit')
  const audit = await AuditLog.open({ destination: { file }, onState: () => undefined })
  return { audit, file, collector: new AuditCollector(audit) }
}

t.test('lines of several workers are whole, however they come', async (t) => {
  const { audit, file, collector } = await collectorOf(t)
  const sent: string[] = []
  const workers = fc.sample(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 30 }), 6)
  const cuts = fc.sample(fc.integer({ min: 1, max: 40 }), 400)
  for (const [worker, texts] of workers.entries()) {
    const pipe = new PassThrough()
    collector.take(pipe)
    const lines = texts.map((text, i) => JSON.stringify({ worker, i, text }))
    sent.push(...lines)
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
    for (let at = 0; at < bytes.length; ) {
      const size = cuts.pop() ?? bytes.length
      pipe.write(bytes.subarray(at, at + size))
      at += size
    }
    pipe.end()
  }
  await collector.ended()
  t.equal(await audit.close(), true)
  const found = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  t.strictSame(found.sort(), sent.sort())
})

t.test('a worker that dies within a line has lost that one', async (t) => {
  const { audit, file, collector } = await collectorOf(t)
  const pipe = new PassThrough()
  collector.take(pipe)
  pipe.write('{"whole":1}\n{"half":')
  await new Promise(setImmediate)
  pipe.destroy(new Error('it died'))
  await collector.ended()
  t.equal(audit.lostLines, 1)
  t.equal(await audit.close(), false)
  t.equal(readFileSync(file, 'utf8'), '{"whole":1}\n')
})

t.test('a worker that sends no line is cut off, and the others go on', async (t) => {
  const { audit, file, collector } = await collectorOf(t)
  const [broken, sound] = [new PassThrough(), new PassThrough()]
  collector.take(broken)
  collector.take(sound)
  broken.write(Buffer.alloc(1024 * 1024 + 1, 'x'))
  sound.end('{"sound":1}\n')
  await collector.ended()
  t.equal(broken.destroyed, true)
  t.equal(audit.lostLines, 1)
  await audit.close()
  t.equal(readFileSync(file, 'utf8'), '{"sound":1}\n')
})

t.test('a collector without workers ends at once', async (t) => {
  const { audit, collector } = await collectorOf(t)
  await collector.ended()
  t.equal(await audit.close(), true)
})
