import t from 'tap'
import { Journal } from '../../src/proxy/journal.ts'
import { answerHead } from '../../src/upstream/upstream-answer.ts'

t.test('what S3’s head says, and every failure, of our own questions too', async (t) => {
  const journal = new Journal(undefined)
  t.strictSame([journal.answered('x-amz-request-id'), journal.failures], [undefined, []])
  journal.noteFailures(['timeout'])
  const head = answerHead(206, ['x-amz-request-id', 'S3ID', 'X-Amz-Version-Id', 'v'])
  journal.noteAttempts({ head, headMs: 1, failures: ['reset', 'reset'], learnt: [] })
  t.equal(journal.answered('x-amz-request-id'), 'S3ID')
  t.equal(journal.answered('x-amz-version-id'), 'v')
  t.strictSame(journal.failures, ['reset', 'reset', 'timeout'])
})
