import t from 'tap'
import { bufferAnswer, endsInError } from '../../src/upstream/buffer-answer.ts'
import { answerHead, replayAnswer, UpstreamAnswer } from '../../src/upstream/upstream-answer.ts'

const HEAD = answerHead(200, ['Content-Type', 'application/xml'])

function buffered(text: string) {
  return bufferAnswer({ head: HEAD, answer: replayAnswer(Buffer.from(text)) })
}

t.test('gives the body, and the same answer once more', async (t) => {
  const result = await buffered('<ok/>')
  if (!result.ok) throw new Error('not read')
  t.equal(result.value.body.toString(), '<ok/>')
  t.equal(result.value.forwarded.head, HEAD)
  const again = await bufferAnswer(result.value.forwarded)
  t.equal(again.ok && again.value.body.toString(), '<ok/>')
})

const ENDINGS = [
  ['', false],
  ['<CopyObjectResult/>', false],
  ['<?xml version="1.0"?>\n<Error><Code>SlowDown</Code></Error>', true],
  ['   \n  <Error><Code>InternalError</Code></Error>', true],
  ['<Error><Code>SlowDown</Code></Error>\r\n \n', true],
  ['<Error></Error><Result/>', false],
  ['</error>', false],
] as const

for (const [text, isError] of ENDINGS) {
  t.test(`${JSON.stringify(text)} ${isError ? 'ends' : 'does not end'} in an error`, async (t) => {
    t.equal(endsInError(Buffer.from(text)), isError)
  })
}

t.test('an answer that breaks is the upstream’s fault', async (t) => {
  const answer = new UpstreamAnswer()
  const result = bufferAnswer({ head: HEAD, answer })
  answer.onData(Buffer.from('<half'))
  answer.onError(new Error('other side closed'))
  t.match(await result, {
    ok: false,
    error: { code: 'BadGateway', reason: 'upstream-closed', source: 'upstream' },
  })
})

t.test('a mebibyte is buffered, one byte more ends the answer', async (t) => {
  const limit = 1024 * 1024
  t.equal((await buffered('x'.repeat(limit))).ok, true)
  const answer = new UpstreamAnswer()
  let abortedWith: Error | undefined
  answer.onConnect((reason) => {
    abortedWith = reason
    if (reason !== undefined) answer.onError(reason)
  })
  const result = bufferAnswer({ head: HEAD, answer })
  answer.onData(Buffer.alloc(limit))
  t.equal(abortedWith, undefined)
  answer.onData(Buffer.alloc(1))
  t.match(abortedWith, { message: 'the answer is too long' })
  t.match(await result, { ok: false, error: { code: 'BadGateway' } })
})
