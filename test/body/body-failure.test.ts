import t from 'tap'
import { BodyError } from '../../src/body/body-error.ts'
import { bodyFailure, isBodyFailure } from '../../src/body/body-failure.ts'
import { DownstreamBodyError } from '../../src/body/downstream-body-error.ts'
import { ERROR_STATUS } from '../../src/s3/error.ts'
import { refusal } from '../../src/s3/refusals.ts'

const TABLE = [
  [new BodyError(refusal('body-incomplete')), 'IncompleteBody', 'body-incomplete'],
  [new DownstreamBodyError('idle'), 'RequestTimeout', 'body-idle'],
  [new DownstreamBodyError('aborted'), 'IncompleteBody', 'client-gone'],
] as const

for (const [error, code, reason] of TABLE) {
  t.test(`${error.message}: ${code} ${reason}`, async (t) => {
    t.ok(isBodyFailure(error))
    t.match(bodyFailure(error), { code, reason, source: 'downstream' })
    t.equal(ERROR_STATUS[code], 400)
  })
}

t.test('what the upstream does is not the body’s failure', async (t) => {
  t.notOk(isBodyFailure(new Error('other side closed')))
  t.notOk(isBodyFailure(new TypeError('x')))
})
