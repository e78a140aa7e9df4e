import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { StreamFile } from '../support/make-trail.ts'
import { KEY_ARN, RequestWriter } from '../support/report-trail.ts'
import { run } from './fake-terminal.ts'

const PRINCIPAL = 'arn:aws:sts::111122223333:assumed-role/sealgate/session'
const PERSON = 'arn:aws:iam::111122223333:user/alice'

/** An event of an object in CloudTrail's documented form. */
function event(requestID: string, key: string, more: Readonly<Record<string, unknown>> = {}) {
  return {
    eventVersion: '1.09',
    userIdentity: { type: 'AssumedRole', arn: PRINCIPAL, accountId: '111122223333' },
    eventTime: '2026-11-28T15:00:02Z',
    eventSource: 's3.amazonaws.com',
    eventName: 'PutObject',
    awsRegion: 'us-east-1',
    sourceIPAddress: '192.0.2.1',
    requestParameters: {
      bucketName: 'b',
      Host: 'b.s3.us-east-1.amazonaws.com',
      key,
      'x-amz-server-side-encryption': 'aws:kms',
    },
    responseElements: {
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': KEY_ARN,
    },
    additionalEventData: {
      SignatureVersion: 'SigV4',
      SSEApplied: 'SSE_KMS',
      bytesTransferredIn: 4,
    },
    requestID,
    eventID: '3038ebd2-c98a-4c65-9b6e-e22506292313',
    readOnly: false,
    resources: [
      { type: 'AWS::S3::Object', ARN: `arn:aws:s3:::b/${key}` },
      { accountId: '111122223333', type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::b' },
    ],
    eventType: 'AwsApiCall',
    managementEvent: false,
    recipientAccountId: '111122223333',
    eventCategory: 'Data',
    ...more,
  }
}

function write(path: string, bytes: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
}

function trail(t: Test) {
  const root = t.testdir()
  const stream = new StreamFile(join(root, 'trail'), 'one')
  return { root, stream, requests: new RequestWriter(stream) }
}

async function reconcile(args: readonly string[], code: number) {
  const outcome = await run(['audit', 'reconcile', ...args, '--format', 'json'])
  t.equal(outcome.code, code, outcome.stderr)
  return JSON.parse(outcome.stdout)
}

t.test(
  'CloudTrail: writes around Sealgate, lines that S3 does not know, and what differs',
  async (t) => {
    const { root, stream, requests } = trail(t)
    const put = (key: string, upstreamRequestId: string, more = {}) =>
      requests.write({ bucket: 'b', key, upstreamRequestId, write: 'sealed', ...more })
    put('a', 'R1')
    put('b', 'R2')
    put('unknown', 'R3')
    put('other-key', 'R4')
    put('failed', 'R5', { write: 'failed', status: 0, confirmedEncryption: undefined })
    put('elsewhere', 'R6', { bucket: 'not-logged' })
    put('refused', 'R7', { write: 'refused', status: 403 })
    stream.wait(60)
    put('late', 'R8')
    const day = join(root, 'cloudtrail/AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/28')
    const otherKey = {
      responseElements: { 'x-amz-server-side-encryption-aws-kms-key-id': `${KEY_ARN}0` },
    }
    const around = { userIdentity: { type: 'IAMUser', arn: PERSON } }
    const retried = event('R99', 'retried')
    write(
      join(day, '111122223333_CloudTrail_us-east-1_20261128T1505Z_a.json.gz'),
      gzipSync(
        JSON.stringify({
          Records: [event('R1', 'a'), event('R4', 'other-key', otherKey), event('R5', 'failed')],
        }),
      ),
    )
    write(
      join(day, '111122223333_CloudTrail_us-east-1_20261128T1505Z_b.json'),
      JSON.stringify({
        Records: [
          event('R2', 'b', { eventTime: '2026-11-28T15:00:30Z' }),
          event('X1', 'around', around),
          retried,
          event('X2', 'denied', { ...around, errorCode: 'AccessDenied' }),
          event('X3', 'read', { ...around, eventName: 'GetObject', readOnly: true }),
          event('X4', 'before', { ...around, eventTime: '2026-11-27T00:00:00Z' }),
          { ...event('X5', 'x'), eventSource: 'kms.amazonaws.com' },
          { ...event('X6', 'x'), requestParameters: null },
        ],
      }),
    )
    write(join(root, 'cloudtrail/AWSLogs/CloudTrail-Digest/d.json'), '{"digestS3Object":"x"}')
    const args = [join(root, 'trail'), '--cloudtrail', join(root, 'cloudtrail')]
    const result = await reconcile(args, 1)
    t.equal(result.matched, 2)
    t.strictSame(
      result.around.items.map(({ key, what }: { key: string; what: string }) => [key, what]).sort(),
      [
        ['around', `PutObject by ${PERSON}, from 192.0.2.1, request X1, under ${KEY_ARN}`],
        [
          'retried',
          `PutObject by ${PRINCIPAL}, who is Sealgate's principal, too, from 192.0.2.1, request R99, under ${KEY_ARN}`,
        ],
      ],
    )
    t.match(result.unknown.items, [{ key: 'unknown', what: /PutObject by billing, .* R3/ }])
    t.match(result.disagreeing.items, [
      { key: 'other-key', what: new RegExp(`under ${KEY_ARN} by the trail, ${KEY_ARN}0`) },
      { key: 'failed', what: /failed by the trail, and S3 did it/ },
    ])
    t.match(result.notes, [/^1 writes of CloudTrail are before/, /^2 writes of the trail/])
    const text = await run(['audit', 'reconcile', ...args])
    t.match(text.stdout, /^Not through Sealgate +2$/m)
    t.match(text.stdout, `  2026-11-28T15:00:02Z b/around: PutObject by ${PERSON}`)
    const hour = await reconcile([...args, '--from', '2026-11-28T16:00:00Z'], 0)
    t.match(hour, { matched: 0, around: { items: [] } })
  },
)

const COLUMNS =
  'Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, EncryptionStatus'

t.test('an inventory: other ETags, objects without a line, lines without an object', async (t) => {
  const { root, stream, requests } = trail(t)
  const put = (key: string, etag: string, more = {}) =>
    requests.write({ bucket: 'b', key, etag, write: 'sealed', ...more })
  put('same key+1', 'e1')
  put('replaced', 'e2')
  put('gone', 'e3')
  put('removed', 'e4')
  requests.write({ bucket: 'b', key: 'removed', operation: 'DeleteObject', status: 204 })
  put('trimmed', 'e10', { versionId: 'v2' })
  const trim = { operation: 'DeleteObject', status: 204, versionId: 'v1' }
  requests.write({ bucket: 'b', key: 'trimmed', ...trim })
  put('plain', 'e5')
  put('elsewhere', 'e6', { bucket: 'c' })
  stream.wait(7200)
  put('same key+1', 'newer than the inventory')
  const row = (key: string, etag: string, more = '2026-11-28T15:30:00.000Z', status = 'SSE-KMS') =>
    `"b","${key}","v","true","false","4","${more}","${etag}","${status}"\n`
  const rows = [
    row('same+key%2B1', 'e1'),
    row('trimmed', 'e10'),
    row('replaced', 'e9'),
    row('around', 'e8'),
    row('plain', 'e5', undefined, 'SSE-S3'),
    row('old', 'e7', '2026-01-01T00:00:00.000Z'),
    row('old-version', 'e0').replace('"true"', '"false"'),
  ]
  write(join(root, 'inventory/data/x.csv.gz'), gzipSync(rows.join('')))
  const manifest = join(root, 'inventory/2026-11-28T16-00Z/manifest.json')
  write(
    manifest,
    JSON.stringify({
      sourceBucket: 'b',
      destinationBucket: 'arn:aws:s3:::inventories',
      version: '2016-11-30',
      creationTimestamp: String(Date.UTC(2026, 10, 28, 16)),
      fileFormat: 'CSV',
      fileSchema: COLUMNS,
      files: [{ key: 'inventory/b/all/data/x.csv.gz', size: 1, MD5checksum: 'x' }],
    }),
  )
  const result = await reconcile([join(root, 'trail'), '--inventory', manifest], 1)
  t.equal(result.matched, 2)
  t.strictSame(result.around.items.map(({ key }: { key: string }) => key).sort(), [
    'around',
    'replaced',
  ])
  t.match(result.unknown.items, [{ key: 'gone' }])
  t.match(result.disagreeing.items, [{ key: 'plain', what: /SSE-S3 by the inventory/ }])
  t.match(result.notes, ['1 objects are older than the trail'])
  const csv = join(root, 'own.csv')
  write(csv, `${COLUMNS.replaceAll(' ', '')}\n${rows.join('')}`)
  t.match(await reconcile([join(root, 'trail'), '--inventory', csv], 1), {
    notes: [/older/, /does not say when it was made/],
  })
})

t.test('what cannot be compared is a wrong usage', async (t) => {
  const { root } = trail(t)
  write(join(root, 'bad/x.json'), '{"Records":')
  write(join(root, 'none/x.json'), '{}')
  write(join(root, 'manifest.json'), '{"fileFormat":"Parquet","fileSchema":"x"}')
  write(
    join(root, 'lost.json'),
    '{"fileFormat":"CSV","fileSchema":"Bucket, Key","files":[{"key":"a/b.csv"}]}',
  )
  write(join(root, 'columns.csv'), 'a,b\n1,2\n')
  for (const [args, says] of [
    [[], /give --cloudtrail or --inventory/],
    [['--cloudtrail', join(root, 'bad'), '--inventory', 'x'], /one of them/],
    [['--cloudtrail', join(root, 'bad')], /x\.json: /],
    [['--cloudtrail', join(root, 'none')], /no file of CloudTrail/],
    [['--cloudtrail', join(root, 'missing')], /does not exist/],
    [['--inventory', join(root, 'manifest.json')], /no manifest/],
    [['--inventory', join(root, 'lost.json')], /b\.csv is not beside it/],
    [['--inventory', join(root, 'columns.csv')], /columns Bucket and Key/],
    [['--inventory', join(root, 'columns.csv'), '--to', '2026-11-28'], /for CloudTrail/],
  ] as const) {
    const { code, stderr } = await run(['audit', 'reconcile', join(root, 'trail'), ...args])
    t.equal(code, 2, String(says))
    t.match(stderr, says)
  }
})
