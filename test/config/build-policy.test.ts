import t from 'tap'
import {
  buildAllowOperations,
  buildRule,
  CONTEXT_PAIRS_MAX,
} from '../../src/config/build-policy.ts'
import { KEY_ARN, loaded, problems, SOUND } from '../support/load-config.ts'

t.equal(typeof buildRule, 'function')
t.equal(typeof buildAllowOperations, 'function')

const MULTI_REGION_ARN = `${KEY_ARN.slice(0, KEY_ARN.indexOf('key/'))}key/mrk-${'1234abcd'.repeat(4)}`

function policy(settings: object) {
  return {
    ...SOUND,
    policy: { rules: [{ name: 'all', encrypt: { keyId: KEY_ARN } }], ...settings },
  }
}

function rule(settings: object) {
  return policy({ rules: [{ name: 'r', ...settings }] })
}

t.test('what is left out of a policy has the safe default', async (t) => {
  const all = [{ text: '*', pieces: ['', ''] }]
  t.strictSame((await loaded(policy({}))).policy, {
    mode: 'enforce',
    rules: [
      {
        name: 'all',
        match: { buckets: all, keys: all, clients: all },
        effect: {
          kind: 'encrypt',
          algorithm: 'aws:kms',
          keyId: KEY_ARN,
          replicas: 'reject',
          bucketKey: undefined,
          context: undefined,
          conflict: 'override',
          customerKeys: 'reject',
        },
      },
    ],
    misplacedEncryptionHeaders: 'reject',
    reads: { customerKeys: 'reject', unencrypted: 'report' },
    confirmation: 'fail',
    allowOperations: new Set(),
  })
})

t.test('everything that a rule can say is taken', async (t) => {
  const { policy: built } = await loaded(
    policy({
      mode: 'observe',
      rules: [
        {
          name: 'a',
          match: { buckets: ['b-*'], keys: ['in/*', 'ex'], clients: ['billing'] },
          encrypt: {
            algorithm: 'aws:kms:dsse',
            keyId: KEY_ARN,
            context: { app: '{client}', where: '{bucket}/{key}' },
          },
          conflict: 'reject',
        },
        { name: 'b', match: { buckets: ['logs'] }, exempt: '  no rights  ' },
        {
          name: 'c',
          encrypt: { keyId: MULTI_REGION_ARN, replicas: 'accept' },
          customerKeys: 'override',
        },
      ],
      misplacedEncryptionHeaders: 'strip',
      reads: { customerKeys: 'allow', unencrypted: 'deny' },
      confirmation: 'report',
      allowOperations: ['PutBucketEncryption', 'RestoreObject'],
    }),
  )
  t.match(built, {
    mode: 'observe',
    rules: [
      {
        match: {
          buckets: [{ text: 'b-*', pieces: ['b-', ''] }],
          keys: [{ text: 'in/*' }, { text: 'ex', pieces: ['ex'] }],
          clients: [{ text: 'billing' }],
        },
        effect: { algorithm: 'aws:kms:dsse', context: { app: '{client}' }, conflict: 'reject' },
      },
      { effect: { kind: 'exempt', reason: 'no rights' } },
      { effect: { kind: 'encrypt', replicas: 'accept', customerKeys: 'override' } },
    ],
    misplacedEncryptionHeaders: 'strip',
    reads: { customerKeys: 'allow', unencrypted: 'deny' },
    confirmation: 'report',
    allowOperations: new Set(['PutBucketEncryption', 'RestoreObject']),
  })
})

t.test('the older name of misplacedEncryptionHeaders is taken, if it says the same', async (t) => {
  for (const [settings, value] of [
    [{ reads: { encryptionHeaders: 'strip' } }, 'strip'],
    [{ reads: { encryptionHeaders: 'reject' } }, 'reject'],
    [{ misplacedEncryptionHeaders: 'strip', reads: { encryptionHeaders: 'strip' } }, 'strip'],
  ] as const) {
    t.equal((await loaded(policy(settings))).policy.misplacedEncryptionHeaders, value)
  }
  const both = { misplacedEncryptionHeaders: 'reject', reads: { encryptionHeaders: 'strip' } }
  t.match(await problems(policy(both)), [
    /^policy\.reads\.encryptionHeaders: contradicts misplacedEncryptionHeaders, its newer name/,
  ])
})

t.test('what is wrong with a rule is told', async (t) => {
  const encrypt = { keyId: KEY_ARN }
  const match = { buckets: ['b'] }
  for (const [settings, expected] of [
    [{}, [/^policy\.rules\[0\]: has no effect/]],
    [
      { encrypt, exempt: 'x' },
      [/rules\[0\]\.exempt: a rule must not have both encrypt and exempt/],
    ],
    [{ match, exempt: '   ' }, [/rules\[0\]\.exempt: must be a reason/]],
    [{ match, exempt: '' }, [/rules\[0\]\.exempt: must not be empty/]],
    [{ match, exempt: true }, [/rules\[0\]\.exempt: must be text/]],
    [
      { match, exempt: 'x', conflict: 'reject' },
      [/rules\[0\]\.conflict: has no effect with exempt/],
    ],
    [
      { match, exempt: 'x', customerKeys: 'override' },
      [/rules\[0\]\.customerKeys: has no effect with exempt/],
    ],
    [
      { encrypt, conflict: 'reject', customerKeys: 'override' },
      [/rules\[0\]\.customerKeys: conflict: reject refuses them/],
    ],
    [{ exempt: 'x' }, [/rules\[0\]\.exempt: would exempt every upload/]],
    [{ encrypt: {} }, [/encrypt\.keyId: is missing/]],
    [
      { encrypt: { ...encrypt, replicas: 'accept' } },
      [/encrypt\.replicas: only a multi-Region key/],
    ],
    [{ encrypt: { keyId: `${KEY_ARN} x` } }, [/encrypt\.keyId: must be printable ASCII/]],
    [
      { encrypt: { ...encrypt, algorithm: 'AES256' } },
      [/encrypt\.algorithm: must be one of: aws:kms/],
    ],
    [
      { encrypt: { ...encrypt, algorithm: 'aws:kms:dsse', bucketKey: true } },
      [/encrypt\.bucketKey: S3 has no bucket keys with aws:kms:dsse/],
    ],
    [{ match: { bucket: ['b'] }, encrypt }, [/match\.bucket: unknown key; did you mean buckets/]],
    [
      { match: { buckets: ['b/*'] }, encrypt },
      [/match\.buckets\[0\]: .*put keys into match\.keys/],
    ],
    [{ match: { keys: 'a' }, encrypt }, [/match\.keys: must be a list/]],
  ] as const) {
    t.match(await problems(rule(settings)), expected, JSON.stringify(settings))
  }
})

t.test('an encryption context has limits', async (t) => {
  const pairs = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']))
  const context = (value: object) => rule({ encrypt: { keyId: KEY_ARN, context: value } })
  t.strictSame(await problems(context(pairs(CONTEXT_PAIRS_MAX))), [])
  t.match(await problems(context(pairs(CONTEXT_PAIRS_MAX + 1))), [
    /context: has 9 pairs; at most 8/,
  ])
  t.match(await problems(context({})), [/context: is empty/])
  for (const name of ['user', 'constructor', '']) {
    const expected = new RegExp(`context\\.a: \\{${name}\\} is not a template`)
    t.match(await problems(context({ a: `{${name}}` })), [expected], name)
  }
  t.match(await problems(context({ 'aws:s3:arn': 'x' })), [/"aws:s3:arn"\]: S3 adds it/])
  t.strictSame(await problems(context({ a: '{key}', b: '{key}' })), [])
  t.match(await problems(context({ a: '{key}', b: '{key}', c: '{key}' })), [
    /context: can have up to 4128 bytes as a header; the limit is 4096/,
  ])
  // 3,072 bytes of JSON are 4,096 of base64.
  const fixed = {
    a: '{key}{bucket}{client}',
    b: 'x'.repeat(512),
    c: 'x'.repeat(512),
    d: '"'.repeat(256),
  }
  const bytes = JSON.stringify({ ...fixed, a: '', e: '' }).length + 1024 + 255 + 64
  const longest = (more: number) => context({ ...fixed, e: 'x'.repeat(3072 - bytes + more) })
  t.strictSame(await problems(longest(0)), [], 'the limit, with the escapes of JSON')
  t.match(await problems(longest(1)), [/can have up to 4100 bytes as a header/], 'one byte more')
})

t.test('only closed operations that exist can be opened, once', async (t) => {
  const allowOperations = [
    'PutBucketEncription',
    'GetObject',
    'RenameObject',
    'RenameObject',
    'qqqqqq',
  ]
  t.match(await problems(policy({ allowOperations })), [
    /allowOperations\[0\]: .*did you mean PutBucketEncryption\?/,
    /allowOperations\[1\]: is not closed/,
    /allowOperations\[3\]: duplicate/,
    /allowOperations\[4\]: no such operation; use its name/,
  ])
})
