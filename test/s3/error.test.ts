import t from 'tap'
import { ERROR_STATUS } from '../../src/s3/error.ts'

t.test('each code has the status that S3 gives it', async (t) => {
  const rows = [
    ['AccessDenied', 403],
    ['BadRequest', 400],
    ['InternalError', 500],
    ['InvalidAccessKeyId', 403],
    ['InvalidURI', 400],
    ['KeyTooLongError', 400],
    ['MethodNotAllowed', 405],
    ['MissingContentLength', 411],
    ['NotImplemented', 501],
    ['PreconditionFailed', 412],
    ['RequestTimeout', 400],
    ['RequestTimeTooSkewed', 403],
    ['SignatureDoesNotMatch', 403],
    ['SlowDown', 503],
  ] as const
  for (const [code, status] of rows) t.equal(ERROR_STATUS[code], status, code)
})

t.test('every status is one of an error', async (t) => {
  for (const [code, status] of Object.entries(ERROR_STATUS)) {
    t.ok(status >= 400 && status <= 504, code)
  }
})
