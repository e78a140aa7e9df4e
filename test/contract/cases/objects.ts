import { createHash } from 'node:crypto'
import { escapeXml, xmlText, xmlTexts } from '../../support/xml.ts'
import type { ContractCase } from '../contract-case.ts'
import { statusOf } from '../run.ts'

/** Objects, buckets and their errors, where nothing is encrypted or decided. */
export const OBJECTS: readonly ContractCase[] = [
  {
    id: 'object-empty',
    says: 'an object of no octets is an object',
    source: 'AWS, API_PutObject',
    run: async (run) => {
      const put = await run.ask('PUT')
      const get = await run.ask('GET')
      return { put: put.status, get: get.status, length: get.headers.get('content-length') }
    },
    aws: { put: 200, get: 200, length: '0' },
  },
  {
    id: 'object-metadata',
    says: 'metadata and the standard headers come back',
    source: 'AWS, API_PutObject',
    run: async (run) => {
      await run.ask('PUT', {
        body: 'x',
        fields: [
          ['x-amz-meta-one', 'first  value'],
          ['x-amz-meta-two', ''],
          ['cache-control', 'max-age=60'],
          ['content-disposition', 'attachment; filename="a;b"'],
          ['content-language', 'de'],
          ['content-encoding', 'identity'],
        ],
      })
      const { headers } = await run.ask('HEAD')
      return {
        one: headers.get('x-amz-meta-one')?.replace(/ +/, ' '),
        cache: headers.get('cache-control'),
        disposition: headers.get('content-disposition'),
        language: headers.get('content-language'),
        encoding: headers.get('content-encoding'),
      }
    },
    aws: {
      one: 'first value',
      cache: 'max-age=60',
      disposition: 'attachment; filename="a;b"',
      language: 'de',
      encoding: 'identity',
    },
  },
  {
    id: 'object-overwrite',
    says: 'a second upload replaces the first',
    source: 'AWS, API_PutObject',
    run: async (run) => {
      await run.ask('PUT', { body: 'first' })
      await run.ask('PUT', { body: 'second' })
      return { content: (await run.ask('GET')).body.toString() }
    },
    aws: { content: 'second' },
  },
  {
    id: 'object-delete-missing',
    says: 'deleting what does not exist is 204',
    source: 'AWS, API_DeleteObject',
    run: async (run) => ({ answer: statusOf(await run.ask('DELETE')) }),
    aws: { answer: '204' },
  },
  {
    id: 'object-delete-many',
    says: 'DeleteObjects deletes the named keys and says so',
    source: 'AWS, API_DeleteObjects',
    run: async (run) => {
      const keys = [`${run.key}/1`, `${run.key}/ü<&>`]
      await Promise.all(keys.map((key) => run.seed(key)))
      const objects = keys.map((key) => `<Object><Key>${escapeXml(key)}</Key></Object>`)
      const body = `<Delete>${objects.join('')}</Delete>`
      const answer = await run.ask('POST', {
        target: `/${run.bucket}?delete`,
        body,
        fields: [['content-md5', createHash('md5').update(body).digest('base64')]],
      })
      const left = await Promise.all(keys.map((key) => run.stored(key)))
      return { status: answer.status, deleted: [...xmlTexts(answer.body, 'Key')].sort(), left }
    },
    aws: {
      status: 200,
      deleted: ['object-delete-many/1', 'object-delete-many/ü<&>'],
      left: ['none', 'none'],
    },
  },
  {
    id: 'object-tagging',
    says: 'tags are kept, read and deleted; an upload may bring them',
    source: 'AWS, API_PutObjectTagging',
    run: async (run) => {
      await run.ask('PUT', { body: 'x', fields: [['x-amz-tagging', 'a=1&b=two%20words']] })
      const target = run.path(run.key, 'tagging')
      const first = await run.ask('GET', { target })
      const body = '<Tagging><TagSet><Tag><Key>c</Key><Value>3</Value></Tag></TagSet></Tagging>'
      const put = await run.ask('PUT', { target, body })
      const second = await run.ask('GET', { target })
      const deleted = await run.ask('DELETE', { target })
      return {
        first: xmlTexts(first.body, 'Value'),
        put: put.status,
        second: xmlTexts(second.body, 'Value'),
        deleted: deleted.status,
      }
    },
    aws: { first: ['1', 'two words'], put: 200, second: ['3'], deleted: 204 },
  },
  {
    id: 'object-etag',
    says: 'the ETag of an upload is the one that HEAD and the listing give',
    source: 'AWS, API_Object',
    run: async (run) => {
      const put = await run.ask('PUT', { body: 'content' })
      const head = await run.ask('HEAD')
      const listed = await run.ask('GET', { target: `/${run.bucket}?prefix=${run.key}` })
      const etag = put.headers.get('etag')
      return {
        head: head.headers.get('etag') === etag,
        list: xmlText(listed.body, 'ETag') === etag,
      }
    },
    aws: { head: true, list: true },
  },
  {
    id: 'object-missing-bucket',
    says: 'an upload to a bucket that does not exist is NoSuchBucket',
    source: 'AWS, ErrorResponses',
    run: async (run) => ({
      answer: statusOf(await run.ask('PUT', { target: '/no-such-bucket-here/key', body: 'x' })),
    }),
    aws: { answer: '404 NoSuchBucket' },
  },
  {
    id: 'object-method',
    says: 'a method that S3 does not have on a bucket is refused',
    source: 'AWS, ErrorResponses',
    run: async (run) => ({ status: (await run.ask('PATCH', { target: `/${run.bucket}` })).status }),
    aws: { status: 405 },
  },
  {
    id: 'bucket-life',
    says: 'a bucket is made, found, and deleted when it is empty',
    source: 'AWS, API_CreateBucket and API_DeleteBucket',
    run: async (run) => {
      const target = `/${run.bucket}-life`
      const made = await run.ask('PUT', { target })
      const found = await run.ask('HEAD', { target })
      await run.ask('PUT', { target: `${target}/key`, body: 'x' })
      const full = await run.ask('DELETE', { target })
      await run.ask('DELETE', { target: `${target}/key` })
      const deleted = await run.ask('DELETE', { target })
      const gone = await run.ask('HEAD', { target })
      return {
        made: statusOf(made),
        found: statusOf(found),
        full: statusOf(full),
        deleted: statusOf(deleted),
        gone: statusOf(gone),
      }
    },
    aws: { made: '200', found: '200', full: '409 BucketNotEmpty', deleted: '204', gone: '404' },
  },
]
