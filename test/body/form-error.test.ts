import t from 'tap'
import { malformedForm, misplacedField, notOneFile } from '../../src/body/form-error.ts'

t.test('form errors are in the words of S3', async (t) => {
  t.match(malformedForm('form-boundary-line'), {
    code: 'MalformedPOSTRequest',
    reason: 'form-boundary-line',
    message: 'The body of your POST request is not well-formed multipart/form-data.',
  })
  t.match(notOneFile(2), {
    code: 'InvalidArgument',
    message: 'POST requires exactly one file upload per request.',
    extras: [
      ['ArgumentName', 'file'],
      ['ArgumentValue', '2'],
    ],
  })
  t.match(misplacedField('form-duplicate-field', 'Key', 'twice'), {
    code: 'InvalidArgument',
    message: 'twice',
    extras: [['ArgumentName', 'Key']],
  })
})
