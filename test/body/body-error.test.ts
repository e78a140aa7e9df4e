import t from 'tap'
import { BodyError } from '../../src/body/body-error.ts'
import { refusal } from '../../src/s3/refusals.ts'

t.test('a body error carries its S3 error and says it', async (t) => {
  const s3 = refusal('xml-malformed')
  const error = new BodyError(s3)
  t.equal(error.s3, s3)
  t.equal(error.message, `MalformedXML: ${s3.message}`)
  t.equal(error.name, 'BodyError')
  t.equal(error.cause, undefined)
})

t.test('the cause of an S3 error is the cause of the body error', async (t) => {
  const cause = new Error('underneath')
  t.equal(new BodyError({ ...refusal('internal-error'), cause }).cause, cause)
})
