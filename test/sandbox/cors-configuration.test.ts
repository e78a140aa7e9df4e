import t from 'tap'
import {
  readCorsConfiguration,
  writeCorsConfiguration,
} from '../../src/sandbox/cors-configuration.ts'

const document = (...rules: readonly string[]) =>
  `<CORSConfiguration>${rules.map((rule) => `<CORSRule>${rule}</CORSRule>`).join('')}</CORSConfiguration>`
const ORIGIN = '<AllowedOrigin>http://a.example</AllowedOrigin>'
const METHOD = '<AllowedMethod>GET</AllowedMethod>'
const RULE = `${ORIGIN}${METHOD}`

t.test('a rule with everything, in any order, comes back as it was given', async (t) => {
  const rules = readCorsConfiguration(`<?xml version="1.0"?>
<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <CORSRule>
    <MaxAgeSeconds>3000</MaxAgeSeconds>
    <AllowedOrigin>http://*.example.com</AllowedOrigin>
    <AllowedOrigin></AllowedOrigin>
    <AllowedMethod>PUT</AllowedMethod>
    <AllowedMethod>HEAD</AllowedMethod>
    <ID>one &amp; two</ID>
    <AllowedHeader>x-AMZ-*</AllowedHeader>
    <ExposeHeader>ETag</ExposeHeader>
  </CORSRule>
  <CORSRule>${RULE}</CORSRule>
</CORSConfiguration>`)
  t.strictSame(rules, [
    {
      id: 'one & two',
      allowedHeaders: ['x-AMZ-*'],
      allowedMethods: ['PUT', 'HEAD'],
      allowedOrigins: ['http://*.example.com', ''],
      exposeHeaders: ['ETag'],
      maxAgeSeconds: 3000,
    },
    {
      id: undefined,
      allowedHeaders: [],
      allowedMethods: ['GET'],
      allowedOrigins: ['http://a.example'],
      exposeHeaders: [],
      maxAgeSeconds: undefined,
    },
  ])
  const written = writeCorsConfiguration(rules)
  t.strictSame(readCorsConfiguration(written), rules)
  t.match(written, '<CORSRule><ID>one &amp; two</ID><AllowedHeader>x-AMZ-*</AllowedHeader>')
})

t.test('a configuration that breaks the schema is refused', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['no XML', 'cors'],
    ['another root', '<Tagging/>'],
    ['no rule', '<CORSConfiguration/>'],
    ['an empty rule', document('')],
    ['no origin', document(METHOD)],
    ['no method', document(ORIGIN)],
    ['an unknown element', document(`${RULE}<AllowedMethods>GET</AllowedMethods>`)],
    ['two IDs', document(`${RULE}<ID>a</ID><ID>b</ID>`)],
    ['an ID that is too long', document(`${RULE}<ID>${'a'.repeat(256)}</ID>`)],
    ['an age that is no number', document(`${RULE}<MaxAgeSeconds>1h</MaxAgeSeconds>`)],
    ['an age that is empty', document(`${RULE}<MaxAgeSeconds/>`)],
    ['an age below nothing', document(`${RULE}<MaxAgeSeconds>-1</MaxAgeSeconds>`)],
    ['an age that is no integer', document(`${RULE}<MaxAgeSeconds>2147483648</MaxAgeSeconds>`)],
    [
      'two ages',
      document(`${RULE}<MaxAgeSeconds>1</MaxAgeSeconds><MaxAgeSeconds>1</MaxAgeSeconds>`),
    ],
    ['101 rules', document(...Array.from({ length: 101 }, () => RULE))],
  ]
  for (const [name, text] of cases) {
    t.throws(() => readCorsConfiguration(text), { code: 'MalformedXML' }, name)
  }
  t.equal(readCorsConfiguration(document(...Array.from({ length: 100 }, () => RULE))).length, 100)
  t.equal(readCorsConfiguration(document(`${RULE}<ID>${'a'.repeat(255)}</ID>`)).length, 1)
})

t.test("methods and wildcards that S3 does not take, in S3's words", async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    [
      `${ORIGIN}${METHOD}<AllowedMethod>OPTIONS</AllowedMethod>`,
      'Found unsupported HTTP method in CORS config. Unsupported method is OPTIONS',
    ],
    [
      `${ORIGIN}<AllowedMethod>get</AllowedMethod>`,
      'Found unsupported HTTP method in CORS config. Unsupported method is get',
    ],
    [
      `${METHOD}<AllowedOrigin>*example*.com</AllowedOrigin>`,
      'AllowedOrigin "*example*.com" can not have more than one wildcard.',
    ],
    [
      `${RULE}<AllowedHeader>x-*-*</AllowedHeader>`,
      'AllowedHeader "x-*-*" can not have more than one wildcard.',
    ],
    [
      `${RULE}<ExposeHeader>*</ExposeHeader>`,
      'ExposeHeader "*" contains wildcard. We currently do not support wildcard for ExposeHeader.',
    ],
  ]
  for (const [rule, message] of cases) {
    t.throws(() => readCorsConfiguration(document(rule)), { code: 'InvalidRequest', message })
  }
})

t.test('a configuration may have 64 KB, and no byte more', async (t) => {
  const sized = (bytes: number) => {
    const text = `${document(RULE)}<!--ü-->`
    return text + ' '.repeat(bytes - Buffer.byteLength(text))
  }
  t.equal(readCorsConfiguration(sized(65_536)).length, 1)
  t.throws(() => readCorsConfiguration(sized(65_537)), { code: 'MaxMessageLengthExceeded' })
})
