import t from 'tap'
import { formatCheckpoint, parseCheckpoint } from '../../src/evidence/checkpoint.ts'

const ROOT = Buffer.alloc(32, 7)
const TEXT = `audit.example/log\n42\n${ROOT.toString('base64')}\n`

t.test('a checkpoint is three lines', async (t) => {
  const checkpoint = { origin: 'audit.example/log', size: 42, root: ROOT }
  t.equal(formatCheckpoint(checkpoint), TEXT)
  t.strictSame(parseCheckpoint(TEXT), { ok: true, value: checkpoint })
  t.match(parseCheckpoint(TEXT.replace('42', '0')), { ok: true, value: { size: 0 } })
})

t.test('a checkpoint is parsed strictly', async (t) => {
  for (const wrong of [
    '',
    TEXT.slice(0, -1),
    `${TEXT}extension\n`,
    TEXT.replace('42', '042'),
    TEXT.replace('42', '-1'),
    TEXT.replace('42', '4.2'),
    TEXT.replace('42', '9007199254740993'),
    TEXT.replace('=', ''),
    TEXT.replace('audit.example/log', ''),
    `x\n1\n${Buffer.alloc(31).toString('base64')}\n`,
  ]) {
    t.match(parseCheckpoint(wrong), { ok: false }, JSON.stringify(wrong))
  }
})
