import { createHash } from 'node:crypto'
import t from 'tap'
import { elements, send } from '../send.ts'
import { BUCKET, startTestSandbox } from '../start-test-sandbox.ts'

t.test('an object is removed; removing it again is no error', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const target = `/${BUCKET}/key`
  await send(sandbox, { method: 'PUT', target, body: 'x' })
  const other = await send(sandbox, {
    method: 'DELETE',
    target,
    headers: { 'if-match': '"other"' },
  })
  t.equal(other.status, 412)
  for (let i = 0; i < 2; i++) {
    t.match(await send(sandbox, { method: 'DELETE', target }), { status: 204, body: '' })
  }
  t.strictSame(sandbox.list(BUCKET), [])
})

t.test('many objects are removed at once', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  for (const key of ['a', 'b&c', 'd']) {
    const canonicalPath = `/${BUCKET}/${encodeURIComponent(key)}`
    await send(sandbox, { method: 'PUT', target: canonicalPath, canonicalPath, body: 'x' })
  }
  const post = (body: string, withDigest = true) =>
    send(sandbox, {
      method: 'POST',
      target: `/${BUCKET}?delete`,
      body,
      headers: withDigest ? { 'content-md5': createHash('md5').update(body).digest('base64') } : {},
    })
  const object = (key: string) => `<Object><Key>${key}</Key></Object>`
  const answer = await post(`<Delete>${object('a')}${object('b&amp;c')}${object('none')}</Delete>`)
  t.strictSame(elements(answer.body, 'Key'), ['a', 'b&amp;c', 'none'])
  t.strictSame(sandbox.list(BUCKET), ['d'])
  const quiet = await post(`<Delete><Quiet>true</Quiet>${object('d')}</Delete>`)
  t.strictSame(elements(quiet.body, 'Key'), [])
  t.match(await post(`<Delete>${object('a')}</Delete>`, false), {
    status: 400,
    code: 'InvalidRequest',
  })
  for (const body of [
    '<Delete/>',
    `<Delete>${object('a').repeat(1001)}</Delete>`,
    '<Delete><Object/></Delete>',
    'x',
  ]) {
    t.match(await post(body), { status: 400, code: 'MalformedXML' }, body.slice(0, 30))
  }
})
