import t from 'tap'
import { mayBeMisdirected, readMisdirection } from '../../src/upstream/misdirection.ts'

function read(status: number, headers: readonly string[], body = '') {
  return readMisdirection(status, headers, Buffer.from(body))
}

/** As S3 writes it. */
function errorDocument(code: string, message: string, extras: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${extras}<RequestId>4442587FB7D0A2F9</RequestId><HostId>h+o/s/t=</HostId></Error>`
}

const PERMANENT = errorDocument(
  'PermanentRedirect',
  'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
  '<Endpoint>bucket.s3.us-west-2.amazonaws.com</Endpoint><Bucket>bucket</Bucket>',
)

t.test('only some statuses have to be looked at', async (t) => {
  const statuses = [200, 204, 206, 301, 302, 304, 307, 308, 400, 403, 404, 500, 503]
  t.strictSame(statuses.filter(mayBeMisdirected), [301, 302, 307, 308, 400])
})

t.test('each form in which S3 names the region', async (t) => {
  const rows: readonly (readonly [
    string,
    number,
    readonly string[],
    string,
    string | undefined,
  ])[] = [
    ['301, header', 301, ['x-amz-bucket-region', 'eu-west-1'], PERMANENT, 'eu-west-1'],
    ['301, endpoint only', 301, [], PERMANENT, 'us-west-2'],
    ['301, old form of the endpoint', 301, [], PERMANENT.replace('s3.us', 's3-us'), 'us-west-2'],
    [
      '307, location only',
      307,
      ['location', 'https://bucket.s3-us-west-2.amazonaws.com/key?x=1'],
      errorDocument('TemporaryRedirect', 'Please re-send this request …', ''),
      'us-west-2',
    ],
    [
      '307 of HEAD, location only',
      307,
      ['location', 'https://bucket.s3.us-west-2.amazonaws.com/'],
      '',
      'us-west-2',
    ],
    [
      '400 for the region that was signed',
      400,
      [],
      errorDocument(
        'AuthorizationHeaderMalformed',
        "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
        '<Region>eu-west-1</Region>',
      ),
      'eu-west-1',
    ],
    [
      'location constraint, which may be the client’s own word',
      400,
      [],
      errorDocument(
        'IllegalLocationConstraintException',
        'The eu-west-3 location constraint is incompatible for the region specific endpoint this request was sent to.',
        '',
      ),
      undefined,
    ],
    [
      'no location constraint',
      400,
      [],
      errorDocument(
        'IllegalLocationConstraintException',
        'The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.',
        '',
      ),
      undefined,
    ],
    ['HEAD 400', 400, ['x-amz-bucket-region', 'eu-west-1'], '', 'eu-west-1'],
    ['HEAD 301', 301, ['x-amz-bucket-region', 'eu-west-1'], '', 'eu-west-1'],
    ['a redirect that says nothing', 301, [], '', undefined],
    ['a redirect that is no XML', 302, ['location', 'http://evil.example/'], 'moved', undefined],
  ]
  for (const [name, status, headers, body, region] of rows) {
    const misdirection = read(status, headers, body)
    t.ok(misdirection, name)
    t.equal(misdirection?.region, region, name)
  }
})

t.test('other refusals are none, though they bear the region of the bucket', async (t) => {
  const region = ['x-amz-bucket-region', 'eu-west-1']
  t.equal(read(400, region, errorDocument('EntityTooSmall', 'too small', '')), undefined)
  t.equal(read(400, [], ''), undefined)
  t.equal(read(400, region, '{"not":"xml"}'), undefined)
  t.equal(read(400, region, '<html><Code>AuthorizationHeaderMalformed</Code></html>'), undefined)
})

t.test('what is named is not yet checked', async (t) => {
  t.equal(read(301, ['x-amz-bucket-region', 'evil.example/'], PERMANENT)?.region, 'evil.example/')
})
