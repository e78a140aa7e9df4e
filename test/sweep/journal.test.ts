import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { Journal } from '../../src/sweep/journal.ts'
import { readJournal } from '../../src/sweep/read-journal.ts'

const CLOCK = (): Date => new Date('2026-11-28T12:00:00Z')

async function write(file: string, texts: readonly string[]): Promise<void> {
  const journal = await Journal.open(file, {}, CLOCK)
  for (const text of texts) journal.append({ record: 'note', text })
  await journal.close()
}

/** The texts, or why they cannot be read. */
async function read(file: string): Promise<readonly string[] | string> {
  const texts: string[] = []
  for await (const line of readJournal(file)) {
    if (!line.ok) return line.error
    const text: unknown = Reflect.get(line.value.fields, 'text')
    if (typeof text === 'string') texts.push(text)
  }
  return texts
}

t.test('what lives wrote is read in order, whatever a crash cut between them', async (t) => {
  const texts = fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 5 })
  let runs = 0
  await fc.assert(
    fc.asyncProperty(texts, texts, fc.nat(500), async (first, second, cut) => {
      const file = join(t.testdir({}), `${runs++}.jsonl`)
      await write(file, first)
      const bytes = readFileSync(file)
      const kept = bytes.subarray(0, Math.max(0, bytes.length - cut))
      const whole = kept.toString('utf8').split('\n').length - 1
      writeFileSync(file, kept)
      await write(file, second)
      t.strictSame(await read(file), [...first.slice(0, Math.max(0, whole - 1)), ...second])
    }),
    { numRuns: 15 },
  )
})

t.test('a line longer than the buffer is read whole', async (t) => {
  const file = join(t.testdir({}), 'long.jsonl')
  const long = 'x'.repeat(700_000)
  await write(file, [long, 'b'])
  await write(file, ['c', long])
  t.strictSame(await read(file), [long, 'b', 'c', long])
})

t.test('every changed byte before the last record is found', async (t) => {
  const file = join(t.testdir({}), 'changed.jsonl')
  await write(file, ['a'])
  await write(file, ['b', 'c'])
  const bytes = readFileSync(file)
  const last = bytes.lastIndexOf(0x0a, bytes.length - 2)
  for (let at = 0; at <= last; at += 23) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    writeFileSync(file, changed)
    t.type(await read(file), 'string', `byte ${at}`)
  }
})

t.test('records that were added while others were written are all there', async (t) => {
  const file = join(t.testdir({}), 'many.jsonl')
  const journal = await Journal.open(file, {}, CLOCK)
  const one = async (n: number): Promise<void> => {
    journal.append({ record: 'note', text: String(n) })
    await journal.flush()
  }
  await Promise.all(Array.from({ length: 50 }, (_, n) => one(n)))
  await journal.close()
  t.strictSame(
    await read(file),
    Array.from({ length: 50 }, (_, n) => String(n)),
  )
})

t.test('nothing is written after the lock was lost', async (t) => {
  const file = join(t.testdir({}), 'lost.jsonl')
  let isOurs = true
  const journal = await Journal.open(file, {}, CLOCK, () => isOurs)
  journal.append({ record: 'note', text: 'ours' })
  await journal.flush()
  isOurs = false
  await write(file, ['theirs'])
  journal.append({ record: 'note', text: 'late' })
  await t.rejects(journal.flush(), { message: 'another process has taken over the state' })
  await t.rejects(journal.close())
  t.strictSame(await read(file), ['ours', 'theirs'])
})
