import t from 'tap'
import { invalidArgument, S3Fault } from '../../src/sandbox/fault.ts'

t.test('a fault has the status and text of its code', async (t) => {
  const fault = new S3Fault('NoSuchBucket')
  t.equal(fault.status, 404)
  t.equal(fault.message, 'The specified bucket does not exist')
  t.strictSame(fault.extras, [])
})

t.test('a text of its own takes the place of the usual one', async (t) => {
  t.equal(new S3Fault('AccessDenied', 'Request has expired').message, 'Request has expired')
})

t.test('InvalidArgument names the argument', async (t) => {
  const fault = invalidArgument('Bad.', 'x-amz-date', 'tomorrow')
  t.equal(fault.status, 400)
  t.strictSame(fault.extras, [
    ['ArgumentName', 'x-amz-date'],
    ['ArgumentValue', 'tomorrow'],
  ])
})

t.test('header fields are added to a fault, which stays as it is', async (t) => {
  const fault = new S3Fault('NoSuchKey', 'Gone.', [['Key', 'k']], { allow: 'GET' })
  t.match(fault.withHeaders({ vary: 'Origin' }), {
    code: 'NoSuchKey',
    message: 'Gone.',
    extras: [['Key', 'k']],
    headers: { allow: 'GET', vary: 'Origin' },
  })
  t.strictSame(fault.headers, { allow: 'GET' })
})
