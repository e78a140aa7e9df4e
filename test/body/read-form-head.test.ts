import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { readFormHead } from '../../src/body/read-form-head.ts'
import { formBytes } from './form-wire.ts'

const FORM = formBytes('b', [
  { name: 'key', value: 'a' },
  { name: 'file', value: 'content', more: '; filename="f"' },
])

for (const size of [1, 7, FORM.length]) {
  t.test(`the body is left at the file, in pieces of ${size}`, async (t) => {
    const pieces: Buffer[] = []
    for (let i = 0; i < FORM.length; i += size) pieces.push(FORM.subarray(i, i + size))
    const body = Readable.from(pieces)
    const head = await readFormHead(body, 'b')
    t.match(head, { ok: true, value: { fields: [{ name: 'key', value: 'a' }] } })
    t.equal(await text(body.pipe(new PassThrough())), 'content\r\n--b--\r\n')
  })
}

t.test('a refused form leaves the body to the caller, paused', async (t) => {
  const body = Readable.from([Buffer.from('--b\r\nno field\r\n\r\n'), Buffer.from('more')])
  t.match(await readFormHead(body, 'b'), { ok: false, error: { code: 'MalformedPOSTRequest' } })
  t.equal(body.isPaused(), true)
  t.equal(body.destroyed, false)
})

t.test('a body that ends before its file is malformed', async (t) => {
  const body = Readable.from([FORM.subarray(0, 20)])
  t.match(await readFormHead(body, 'b'), { ok: false, error: { reason: 'form-incomplete' } })
})

t.test('a body that is destroyed rejects', async (t) => {
  const broken = new PassThrough()
  const failed = readFormHead(broken, 'b')
  broken.destroy(new Error('reset'))
  await t.rejects(failed, { message: 'reset' })
  const closed = new PassThrough()
  const silent = readFormHead(closed, 'b')
  closed.destroy()
  await t.rejects(silent, { message: 'the body was closed before its end' })
})
