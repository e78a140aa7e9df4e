import t from 'tap'
import { hideRefusedSignature } from '../../src/upstream/refused-signature.ts'
import { answerHead, replayAnswer } from '../../src/upstream/upstream-answer.ts'

function answer(status: number, body: string) {
  return { head: answerHead(status, []), answer: replayAnswer(Buffer.from(body)) }
}

function document(code: string): string {
  return `<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>m</Message></Error>`
}

t.test('what S3 says of our signature is kept back', async (t) => {
  for (const [status, code] of [
    [403, 'SignatureDoesNotMatch'],
    [403, 'InvalidAccessKeyId'],
    [403, 'RequestTimeTooSkewed'],
    [400, 'ExpiredToken'],
    [400, 'InvalidToken'],
    [400, 'AuthorizationHeaderMalformed'],
  ] as const) {
    const hidden = await hideRefusedSignature(answer(status, document(code)))
    t.match(
      hidden,
      {
        ok: false,
        error: { code: 'ServiceUnavailable', reason: 'upstream-signature-refused' },
      },
      code,
    )
  }
})

t.test('it is kept back however long it is, and however it is written', async (t) => {
  for (const body of [
    document('SignatureDoesNotMatch').replace('</Error>', `${'<a>'.repeat(30)}</Error>`),
    document('SignatureDoesNotMatch').replace('>m<', `>${'m'.repeat(70_000)}<`),
    document('SignatureDoesNotMatch').replace('>m<', '>&m;<'),
    `<?xml-stylesheet href="e"?>${document('SignatureDoesNotMatch')}`,
  ]) {
    const hidden = await hideRefusedSignature(answer(403, body))
    t.match(hidden, { ok: false, error: { reason: 'upstream-signature-refused' } })
  }
})

t.test('every other answer passes whole', async (t) => {
  for (const [status, body] of [
    [403, document('AccessDenied')],
    [403, ''],
    [400, 'no document'],
    [404, document('SignatureDoesNotMatch')],
    [200, document('ExpiredToken')],
  ] as const) {
    const passed = await hideRefusedSignature(answer(status, body))
    if (!passed.ok) throw new Error('kept back')
    let text = ''
    passed.value.answer.attach({
      write: (chunk) => {
        text += chunk.toString()
        return true
      },
      end: () => undefined,
      fail: () => undefined,
    })
    t.equal(passed.value.head.status, status)
    t.equal(text, body)
  }
})
