import { createHash } from 'node:crypto'
import { postForm } from '../../support/post-form.ts'
import type { S3Client } from '../../support/s3-client.ts'
import { amzDate, type Field } from '../../support/signer.ts'
import type { Answer } from '../../support/wire.ts'
import { xmlTexts } from '../../support/xml.ts'
import { type ContractCase, judgedHere, type Observation } from '../contract-case.ts'
import { Run, statusOf } from '../run.ts'

const SITE = 'https://app.example'
const ORIGIN: Field = ['origin', SITE]
const OTHER_ORIGIN: Field = ['origin', `${SITE}:8443`]
const METHOD: Field = ['access-control-request-method', 'PUT']
const VARY = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'

const RULE = `
  <AllowedOrigin>${SITE}</AllowedOrigin>
  <AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedMethod>POST</AllowedMethod>
  <AllowedHeader>x-amz-*</AllowedHeader><AllowedHeader>Content-Type</AllowedHeader>
  <ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>3000</MaxAgeSeconds>`

const ANY_ORIGIN = '<AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>'

/** What that rule adds to an answer. */
const ALLOWED = {
  origin: SITE,
  methods: 'GET, PUT, POST',
  expose: 'ETag',
  maxAge: '3000',
  credentials: 'true',
  vary: VARY,
}

/** The same of RGW 16, which names the method alone that was asked for. */
function rgwAllows(methods: string): Observation {
  return { origin: SITE, methods, expose: 'ETag', maxAge: '3000', vary: 'Origin' }
}

const RGW_CAUSE =
  'RGW 16 names the one method that was asked for, allows no credentials and varies by Origin alone'

/** A difference of RGW, with or without Sealgate in front. */
function atRgw(see: Observation, cause = RGW_CAUSE): NonNullable<ContractCase['differs']> {
  return { rgw: { see, cause } }
}

/** Answers that were recorded from S3. */
const RECORDED = "LocalStack's recordings"

/** Answers that AWS gives to Ceph's tests. */
const TESTED = "Ceph's s3-tests, which AWS passes"

/** The case in a bucket of its own, with that rule: a bucket has one configuration. */
async function inBucket(run: Run, ...rules: readonly string[]): Promise<Run> {
  const bucket = `${run.bucket}-${run.key}`
  const { upstream } = run.target
  const made = await upstream.send({ method: 'PUT', target: `/${bucket}` })
  if (made.status !== 200) throw new Error(`no bucket ${bucket}: ${made.status} ${made.body}`)
  if (rules.length > 0) {
    const put = await putCors(upstream, bucket, rules)
    if (put.status !== 200) throw new Error(`no rules: ${put.status} ${put.body}`)
  }
  return new Run(run.target, bucket, run.key)
}

function putCors(client: S3Client, bucket: string, rules: readonly string[]): Promise<Answer> {
  const content = rules.map((rule) => `<CORSRule>${rule}</CORSRule>`).join('')
  const body = `<CORSConfiguration>${content}</CORSConfiguration>`
  const md5 = createHash('md5').update(body).digest('base64')
  const fields: readonly Field[] = [['content-md5', md5]]
  return client.send({ method: 'PUT', target: `/${bucket}?cors`, body, fields })
}

function preflight(run: Run, target: string, fields: readonly Field[]): Promise<Answer> {
  return run.target.client.sendBare('OPTIONS', target, fields)
}

function asks(method: string, headers?: string): readonly Field[] {
  return [
    ORIGIN,
    ['access-control-request-method', method],
    ...(headers === undefined ? [] : [['access-control-request-headers', headers] as const]),
  ]
}

/** The CORS headers of an answer. */
function corsOf({ headers }: Answer) {
  return {
    origin: headers.get('access-control-allow-origin'),
    methods: headers.get('access-control-allow-methods'),
    headers: headers.get('access-control-allow-headers'),
    expose: headers.get('access-control-expose-headers'),
    maxAge: headers.get('access-control-max-age'),
    credentials: headers.get('access-control-allow-credentials'),
    vary: headers.get('vary'),
  }
}

function sees(answer: Answer): Observation {
  return { answer: statusOf(answer), ...corsOf(answer) }
}

const REFUSED: Observation = {
  answer: '403 AccessDenied',
  misused: '403 SignatureDoesNotMatch',
  stored: 'none',
}

const INCOMPLETE: Observation = {
  none: '400 BadRequest',
  noOrigin: '400 BadRequest',
  noMethod: '400 BadRequest',
}

/** Cross-origin requests: the rules of a bucket, preflights, and what comes after them. */
export const CORS: readonly ContractCase[] = [
  {
    id: 'cors-settings',
    says: 'a CORS configuration is put, read and deleted',
    source: `AWS, API_PutBucketCors; ${RECORDED}`,
    run: async (run) => {
      const own = await inBucket(run)
      const { client } = run.target
      const target = `/${own.bucket}?cors`
      const before = await client.send({ method: 'GET', target })
      const put = await putCors(client, own.bucket, [RULE, ANY_ORIGIN])
      const read = await client.send({ method: 'GET', target })
      const removed = await client.send({ method: 'DELETE', target })
      const after = await client.send({ method: 'GET', target })
      return {
        before: statusOf(before),
        put: statusOf(put),
        read: statusOf(read),
        origins: xmlTexts(read.body, 'AllowedOrigin'),
        removed: statusOf(removed),
        after: statusOf(after),
      }
    },
    aws: {
      before: '404 NoSuchCORSConfiguration',
      put: '200',
      read: '200',
      origins: [SITE, '*'],
      removed: '204',
      after: '404 NoSuchCORSConfiguration',
    },
  },
  {
    id: 'cors-settings-wrong',
    says: 'rules without an origin, with an unknown method or two wildcards are refused',
    source: RECORDED,
    run: async (run) => {
      const own = await inBucket(run)
      const put = async (...rules: readonly string[]) =>
        statusOf(await putCors(run.target.client, own.bucket, rules))
      const method = '<AllowedMethod>GET</AllowedMethod>'
      return {
        none: await put(),
        noOrigin: await put(method),
        unknownMethod: await put(`${ANY_ORIGIN}<AllowedMethod>OPTIONS</AllowedMethod>`),
        twoStars: await put(`<AllowedOrigin>*a*</AllowedOrigin>${method}`),
      }
    },
    aws: {
      none: '400 MalformedXML',
      noOrigin: '400 MalformedXML',
      unknownMethod: '400 InvalidRequest',
      twoStars: '400 InvalidRequest',
    },
    differs: atRgw(
      {
        none: '400 MalformedXML',
        noOrigin: '400 MalformedXML',
        unknownMethod: '400 MalformedXML',
        twoStars: '400 MalformedXML',
      },
      'RGW says MalformedXML to all of them',
    ),
  },
  {
    id: 'cors-settings-digest',
    says: 'a CORS configuration has to come with a digest',
    source: RECORDED,
    run: async (run) => {
      const own = await inBucket(run)
      const body = `<CORSConfiguration><CORSRule>${RULE}</CORSRule></CORSConfiguration>`
      const target = `/${own.bucket}?cors`
      return { answer: statusOf(await run.target.client.send({ method: 'PUT', target, body })) }
    },
    aws: { answer: '400 InvalidRequest' },
    differs: atRgw({ answer: '200' }, 'RGW asks for none'),
  },
  {
    id: 'cors-preflight',
    says: 'a preflight is answered by the rule that allows it, for an object and for the bucket',
    source: `AWS, RESTOPTIONSobject; ${RECORDED}`,
    run: async (run) => {
      const own = await inBucket(run, RULE)
      const object = await preflight(own, own.path(), asks('PUT', 'content-type'))
      const bucket = await preflight(own, `/${own.bucket}`, asks('GET'))
      return { ...sees(object), length: object.body.length, bucket: statusOf(bucket) }
    },
    aws: { answer: '200', ...ALLOWED, headers: 'content-type', length: 0, bucket: '200' },
    differs: atRgw({
      answer: '200',
      ...rgwAllows('PUT'),
      headers: 'content-type',
      length: 0,
      bucket: '200',
    }),
  },
  {
    id: 'cors-preflight-any-origin',
    says: 'a rule for any origin allows it without credentials',
    source: RECORDED,
    run: async (run) => {
      const own = await inBucket(run, ANY_ORIGIN)
      return sees(await preflight(own, own.path(), asks('GET')))
    },
    aws: { answer: '200', origin: '*', methods: 'GET', vary: VARY },
    differs: atRgw(
      { answer: '200', origin: SITE, methods: 'GET', vary: 'Origin' },
      'RGW names the origin to whom it allows any, and varies by it',
    ),
  },
  {
    id: 'cors-preflight-headers',
    says: 'requested headers match without regard to case, and with a wildcard',
    source: `AWS, ManageCorsUsing; ${RECORDED}`,
    run: async (run) => {
      const own = await inBucket(run, RULE)
      const names = 'X-Amz-Meta-One,x-amz-date, CONTENT-type'
      const { headers } = corsOf(await preflight(own, own.path(), asks('PUT', names)))
      return { headers }
    },
    aws: { headers: 'x-amz-meta-one, x-amz-date, content-type' },
    differs: atRgw(
      { headers: 'X-Amz-Meta-One,x-amz-date,CONTENT-type' },
      'RGW gives the names back as they were asked for',
    ),
  },
  {
    id: 'cors-preflight-refused',
    says: 'another origin, method or header is refused, without CORS headers',
    source: RECORDED,
    run: async (run) => {
      const own = await inBucket(run, RULE)
      const origin = await preflight(own, own.path(), [OTHER_ORIGIN, METHOD])
      const method = await preflight(own, own.path(), asks('DELETE'))
      const header = await preflight(own, own.path(), asks('PUT', 'content-type,authorization'))
      return { ...sees(origin), method: statusOf(method), header: statusOf(header) }
    },
    aws: {
      answer: '403 AccessForbidden',
      method: '403 AccessForbidden',
      header: '403 AccessForbidden',
    },
    differs: atRgw(
      { answer: '403 AccessDenied', method: '403 AccessDenied', header: '403 AccessDenied' },
      'RGW says AccessDenied',
    ),
  },
  {
    id: 'cors-preflight-off',
    says: 'without a configuration, or a bucket, every preflight is refused',
    source: RECORDED,
    run: async (run) => {
      const own = await inBucket(run)
      const off = await preflight(own, own.path(), asks('GET'))
      const missing = await preflight(own, `/${own.bucket}-none/key`, asks('GET'))
      return { answer: statusOf(off), missing: statusOf(missing) }
    },
    aws: { answer: '403 AccessForbidden', missing: '403 AccessForbidden' },
    differs: atRgw(
      { answer: '403 AccessDenied', missing: '404 NoSuchBucket' },
      'RGW says AccessDenied, and tells of a bucket that is not there',
    ),
  },
  {
    id: 'cors-preflight-incomplete',
    says: 'a preflight without Origin or method is refused',
    source: RECORDED,
    run: async (run) => {
      const own = await inBucket(run, RULE)
      return {
        none: statusOf(await preflight(own, own.path(), [])),
        noOrigin: statusOf(await preflight(own, own.path(), [METHOD])),
        noMethod: statusOf(await preflight(own, own.path(), [ORIGIN])),
      }
    },
    aws: INCOMPLETE,
    differs: judgedHere(
      {
        none: '400 InvalidArgument',
        noOrigin: '400 InvalidArgument',
        noMethod: '400 InvalidArgument',
      },
      'RGW says InvalidArgument',
      INCOMPLETE,
    ),
  },
  {
    id: 'cors-preflight-presigned',
    says: 'a preflight of a presigned URL is answered, whatever its signature is worth',
    source: TESTED,
    run: async (run) => {
      const own = await inBucket(run, RULE)
      const url = run.target.client.presign({ method: 'PUT', target: own.path() })
      const wrong = url.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))
      return {
        right: statusOf(await preflight(own, url, asks('PUT'))),
        wrong: statusOf(await preflight(own, wrong, asks('PUT'))),
      }
    },
    aws: { right: '200', wrong: '200' },
  },
  {
    id: 'cors-read',
    says: 'a read with an allowed Origin bears the CORS headers, with another none',
    source: RECORDED,
    run: async (run) => {
      const own = await inBucket(run, RULE)
      await own.seed(own.key, 'content')
      const target = run.target.client.presign({ method: 'GET', target: own.path() })
      const read = await run.target.client.sendBare('GET', target, [ORIGIN])
      const other = await run.target.client.sendBare('GET', target, [OTHER_ORIGIN])
      return {
        ...sees(read),
        content: read.body.toString(),
        other: other.body.toString(),
        otherOrigin: corsOf(other).origin,
        otherVary: corsOf(other).vary,
      }
    },
    aws: { answer: '200', ...ALLOWED, content: 'content', other: 'content' },
    differs: atRgw({ answer: '200', ...rgwAllows('GET'), content: 'content', other: 'content' }),
  },
  {
    id: 'cors-write',
    says: 'an upload with an allowed Origin bears the CORS headers; one with another is stored all the same',
    source: RECORDED,
    run: async (run) => {
      const own = await inBucket(run, RULE)
      const target = run.target.client.presign({ method: 'PUT', target: own.path() })
      const put = (field: Field) => run.target.client.sendBare('PUT', target, [field], 'content')
      const other = await put(OTHER_ORIGIN)
      return {
        other: statusOf(other),
        content: await own.content(),
        otherOrigin: corsOf(other).origin,
        ...sees(await put(ORIGIN)),
      }
    },
    aws: { other: '200', content: 'content', answer: '200', ...ALLOWED },
    differs: atRgw({ other: '200', content: 'content', answer: '200', ...rgwAllows('PUT') }),
  },
  {
    id: 'cors-form',
    says: 'a form with an allowed Origin is answered with the CORS headers',
    source: 'AWS, cors.html',
    run: async (run) => {
      const own = await inBucket(run, RULE)
      const fields: readonly Field[] = [
        ['key', own.key],
        ['success_action_status', '201'],
      ]
      const form = { bucket: own.bucket, fields, file: 'content', headers: [ORIGIN] }
      return sees(await postForm(run.target.client, form))
    },
    aws: { answer: '201', ...ALLOWED },
    differs: atRgw({ answer: '201', ...rgwAllows('POST') }),
  },
  {
    id: 'cors-method',
    says: 'an upload by a method that no rule allows is stored, without CORS headers',
    source: RECORDED,
    run: async (run) => {
      const own = await inBucket(run, ANY_ORIGIN)
      const answer = await own.ask('PUT', { body: 'content', unsigned: [ORIGIN] })
      return { ...sees(answer), content: await own.content() }
    },
    aws: { answer: '200', content: 'content' },
  },
  {
    id: 'cors-error',
    says: 'an error bears the CORS headers, too: the page can read it',
    source: TESTED,
    run: async (run) => {
      const own = await inBucket(run, RULE)
      return sees(await own.ask('GET', { unsigned: [ORIGIN] }))
    },
    aws: { answer: '404 NoSuchKey', ...ALLOWED },
    differs: atRgw({ answer: '404 NoSuchKey', ...rgwAllows('GET') }),
  },
  {
    id: 'cors-refused-signature',
    says: 'so does the refusal of an expired URL, and of one that was signed for something else',
    source: TESTED,
    run: async (run) => {
      const own = await inBucket(run, RULE)
      const { client } = run.target
      const date = amzDate(Date.now() - 120_000)
      const presign = { target: own.path(), scope: { date }, expires: 60 }
      const expired = client.presign({ method: 'PUT', ...presign })
      const get = client.presign({ method: 'GET', target: own.path() })
      const late = await client.sendBare('PUT', expired, [ORIGIN], 'content')
      const other = await client.sendBare('PUT', expired, [OTHER_ORIGIN], 'content')
      return {
        ...sees(late),
        misused: statusOf(await client.sendBare('PUT', get, [ORIGIN], 'content')),
        otherOrigin: corsOf(other).origin,
        stored: await own.stored(),
      }
    },
    aws: {
      ...ALLOWED,
      ...REFUSED,
    },
    differs: {
      ...atRgw(REFUSED, 'RGW judges the signature before it looks at CORS'),
      'sealgate+rgw': {
        see: { ...REFUSED, ...rgwAllows('PUT') },
        cause: 'Sealgate asks the server for its rules',
      },
    },
  },
]
