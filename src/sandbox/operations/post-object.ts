import { type HeaderList, headerValue } from '../../base/header-list.ts'
import type { BucketStore } from '../bucket-store.ts'
import { newFileName } from '../bucket-store.ts'
import { expectedChecksum } from '../checksum.ts'
import type { SandboxAccount } from '../credential.ts'
import { DataFileWriter } from '../data-file.ts'
import { encryptionHeaders, refuseEncryptionHeaders } from '../encryption.ts'
import { type Answer, bucketOf, type Exchange } from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import { versionHeaders } from '../find-version.ts'
import { FIELDS_BYTES_MAX, type FormFile, readForm, tooLarge } from '../form-reader.ts'
import { withDefault } from '../object-lock.ts'
import { checkLockDigest } from '../object-lock-headers.ts'
import {
  type FileLimits,
  type FormFields,
  requiredField,
  verifyPostPolicy,
} from '../post-policy.ts'
import { parseContentMd5, receiveBody } from '../receive-body.ts'
import type { ObjectRecord } from '../records.ts'
import { header } from '../request.ts'
import { writeXml } from '../xml.ts'
import { checkBucketPolicy } from './bucket-policy.ts'
import { etagOf, hasMd5Etag, readObjectHead } from './object-head.ts'
import { wholeSeconds } from './put-object.ts'
import { readTagDocument } from './tagging.ts'

/**
 * POST Object: a form with a signed policy. Encryption is asked for in form fields; an encryption
 * header of the request is refused.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 */
export async function postObject(
  exchange: Exchange,
  accounts: readonly SandboxAccount[],
): Promise<Answer> {
  const { request } = exchange
  const bucket = bucketOf(exchange)
  refuseEncryptionHeaders(request.wireHeaders)
  if (header(request, 'content-length') === undefined) throw new S3Fault('MissingContentLength')
  const contentType = header(request, 'content-type') ?? ''
  return readForm(contentType, exchange.rawBody(), async (fields, file) => {
    const keyTemplate = requiredField(fields, 'key')
    const expanded = expandFilename(fields, file.filename)
    const limits = verifyPostPolicy(expanded, bucket.record.name, {
      accounts,
      region: exchange.region,
      now: exchange.now,
    })
    const key = expanded.get('key') ?? keyTemplate
    if (key === '' || Buffer.byteLength(key) > 1024) throw new S3Fault('KeyTooLongError')
    const record = await storeFile(exchange, bucket, key, expanded, file, limits)
    return formAnswer(exchange, expanded, record, versionHeaders(bucket, record))
  })
}

/**
 * `${filename}` in any field; it stays as it is where the file part has no name. The fields may not
 * become longer than a form's fields may be.
 */
function expandFilename(fields: FormFields, filename: string | undefined): FormFields {
  if (filename === undefined) return fields
  const expanded = new Map<string, string>()
  let length = 0
  for (const [name, value] of fields) {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's own placeholder.
    const pieces = name === 'policy' ? [value] : value.split('${filename}')
    length += value.length + (pieces.length - 1) * filename.length
    if (length > FIELDS_BYTES_MAX) throw tooLarge()
    expanded.set(name, pieces.join(filename))
  }
  return expanded
}

async function storeFile(
  exchange: Exchange,
  bucket: BucketStore,
  key: string,
  fields: FormFields,
  file: FormFile,
  limits: FileLimits,
): Promise<ObjectRecord> {
  const headers = fieldsAsHeaders(fields)
  checkBucketPolicy(bucket.record, 's3:PutObject', key, headers)
  const head = readObjectHead(headers, bucket.record, exchange)
  const lock = withDefault(head.lock, bucket.record.lock, exchange.now)
  checkLockDigest(lock, headers, 'Put Object')
  const tagging = fields.get('tagging')
  const name = newFileName()
  const writer = new DataFileWriter(bucket.dataPath(name))
  try {
    const facts = await receiveBody(
      {
        chunked: undefined,
        size: undefined,
        sha256: undefined,
        contentMd5: parseContentMd5(fields.get('content-md5')),
        checksum: expectedChecksum(headers),
      },
      limitSize(file.data, limits),
      hasMd5Etag(head.encryption),
      (piece) => writer.write(piece),
    )
    await writer.finish()
    return bucket.put({
      ...head,
      lock,
      tags: tagging === undefined ? head.tags : readTagDocument(tagging),
      key,
      size: facts.size,
      etag: etagOf(head.encryption, facts.md5),
      lastModified: wholeSeconds(exchange.now),
      checksum: facts.checksum,
      segments: [{ file: name, size: facts.size }],
      parts: undefined,
    })
  } catch (error) {
    await writer.discard()
    throw error
  }
}

async function* limitSize(data: AsyncIterable<Buffer>, limits: FileLimits): AsyncGenerator<Buffer> {
  let size = 0
  for await (const piece of data) {
    size += piece.length
    if (size > limits.sizeMax) {
      throw new S3Fault('EntityTooLarge', undefined, [
        ['ProposedSize', String(size)],
        ['MaxSizeAllowed', String(limits.sizeMax)],
      ])
    }
    yield piece
  }
  if (size < limits.sizeMin) {
    throw new S3Fault('EntityTooSmall', undefined, [
      ['ProposedSize', String(size)],
      ['MinSizeAllowed', String(limits.sizeMin)],
    ])
  }
}

/** Fields count like headers of the same name. */
function fieldsAsHeaders(fields: FormFields): HeaderList {
  const headers: string[] = []
  for (const [name, value] of fields) {
    // The field of `x-amz-acl` is `acl`.
    headers.push(name === 'acl' ? 'x-amz-acl' : name, Buffer.from(value).toString('latin1'))
  }
  return headers
}

function formAnswer(
  exchange: Exchange,
  fields: FormFields,
  record: ObjectRecord,
  version: Readonly<Record<string, string>>,
): Answer {
  const bucket = exchange.request.bucket ?? ''
  const etag = `"${record.etag}"`
  const host = headerValue(exchange.request.headers, 'host') ?? ''
  const location = `http://${host}/${bucket}/${encodeURIComponent(record.key)}`
  const headers = {
    etag,
    location,
    ...version,
    ...(exchange.quirks.silentPost ? {} : encryptionHeaders(record.encryption)),
  }
  const redirect = redirectTarget(fields, [
    ['bucket', bucket],
    ['key', record.key],
    ['etag', etag],
  ])
  if (redirect !== undefined) return { status: 303, headers: { ...headers, location: redirect } }
  switch (fields.get('success_action_status')) {
    case '200':
      return { status: 200, headers }
    case '201':
      return {
        status: 201,
        headers: { ...headers, 'content-type': 'application/xml' },
        body: writeXml(
          'PostResponse',
          [
            ['Location', location],
            ['Bucket', bucket],
            ['Key', record.key],
            ['ETag', etag],
          ],
          '',
        ),
      }
    default:
      return { status: 204, headers }
  }
}

/**
 * Returns the redirect of the form with parameters added to its query, before the fragment. A URL
 * that cannot be parsed is ignored, as in S3.
 */
function redirectTarget(
  fields: FormFields,
  parameters: readonly (readonly [string, string])[],
): string | undefined {
  const text = fields.get('success_action_redirect') ?? fields.get('redirect') ?? ''
  if (!URL.canParse(text) || !/^[!-~]+$/.test(text)) return undefined
  const [, address = '', query, fragment = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/.exec(text) ?? []
  const added = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
  const before = query === undefined || query === '?' ? '?' : `${query.replace(/&$/, '')}&`
  return `${address}${before}${added}${fragment}`
}
