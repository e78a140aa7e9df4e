import { encryptionHeaders } from '../encryption.ts'
import { type Answer, bucketOf, type Exchange, xmlAnswer } from '../exchange.ts'
import { ownerElements } from '../owner.ts'
import type { PartRecord, UploadRecord } from '../records.ts'
import { parameter } from '../request.ts'
import { storageClassOf } from '../storage-class.ts'
import { compareUtf8 } from '../utf8-order.ts'
import { writeXml, type XmlElement } from '../xml.ts'
import { commonPrefix, encodingElements, keyEncoder, parseCount } from './list-objects.ts'
import { uploadOf } from './multipart-upload.ts'

/** ListParts. */
export function listParts(exchange: Exchange): Answer {
  const { request } = exchange
  const bucket = bucketOf(exchange)
  const upload = uploadOf(exchange)
  const encode = keyEncoder(request)
  const countMax = parseCount(request, 'max-parts')
  const marker = Number(parameter(request, 'part-number-marker') ?? '0')
  const parts = bucket.parts(upload.id).filter((part) => part.number > marker)
  const page = parts.slice(0, countMax)
  const isTruncated = parts.length > page.length
  return xmlAnswer(
    writeXml('ListPartsResult', [
      ['Bucket', bucket.record.name],
      ['Key', encode(upload.key)],
      ['UploadId', upload.id],
      ...encodingElements(request),
      ['Initiator', ownerElements()],
      ['Owner', ownerElements()],
      ['StorageClass', storageClassOf(upload)],
      ...checksumElements(upload),
      ['PartNumberMarker', marker],
      ['NextPartNumberMarker', page.at(-1)?.number ?? 0],
      ['MaxParts', countMax],
      ['IsTruncated', isTruncated],
      ...page.map(partElement),
    ]),
    upload.encryption.kind === 'customer' ? encryptionHeaders(upload.encryption) : {},
  )
}

/** ListMultipartUploads. */
export function listMultipartUploads(exchange: Exchange): Answer {
  const { request } = exchange
  const bucket = bucketOf(exchange)
  const encode = keyEncoder(request)
  const prefix = parameter(request, 'prefix') ?? ''
  const delimiter = parameter(request, 'delimiter') ?? ''
  const keyMarker = parameter(request, 'key-marker') ?? ''
  const idMarker = parameter(request, 'upload-id-marker') ?? ''
  const countMax = parseCount(request, 'max-uploads')
  const after = bucket
    .uploads()
    .filter((upload) => upload.key.startsWith(prefix) && isAfter(upload, keyMarker, idMarker))
    .sort((a, b) => compareUtf8(a.key, b.key) || compareUtf8(a.id, b.id))
  const prefixes = new Set<string>()
  const plain: UploadRecord[] = []
  for (const upload of after) {
    const cut = delimiter === '' ? -1 : upload.key.indexOf(delimiter, prefix.length)
    if (cut === -1) plain.push(upload)
    else prefixes.add(upload.key.slice(0, cut + delimiter.length))
  }
  const page = plain.slice(0, countMax)
  const last = page.at(-1)
  const isTruncated = plain.length > page.length
  return xmlAnswer(
    writeXml('ListMultipartUploadsResult', [
      ['Bucket', bucket.record.name],
      ['KeyMarker', encode(keyMarker)],
      ['UploadIdMarker', idMarker],
      isTruncated && last ? ['NextKeyMarker', encode(last.key)] : undefined,
      isTruncated && last ? ['NextUploadIdMarker', last.id] : undefined,
      ['Prefix', encode(prefix)],
      delimiter === '' ? undefined : ['Delimiter', encode(delimiter)],
      ...encodingElements(request),
      ['MaxUploads', countMax],
      ['IsTruncated', isTruncated],
      ...page.map((upload) => uploadElement(upload, encode)),
      ...[...prefixes].map((value) => commonPrefix(value, encode)),
    ]),
  )
}

function partElement(part: PartRecord): XmlElement {
  return [
    'Part',
    [
      ['PartNumber', part.number],
      ['LastModified', new Date(part.lastModified).toISOString()],
      ['ETag', `"${part.etag}"`],
      ['Size', part.size],
      part.checksum && [`Checksum${part.checksum.algorithm}`, part.checksum.value],
    ],
  ]
}

function uploadElement(upload: UploadRecord, encode: (key: string) => string): XmlElement {
  return [
    'Upload',
    [
      ['Key', encode(upload.key)],
      ['UploadId', upload.id],
      ['Initiator', ownerElements()],
      ['Owner', ownerElements()],
      ['StorageClass', storageClassOf(upload)],
      ['Initiated', new Date(upload.initiated).toISOString()],
      ...checksumElements(upload),
    ],
  ]
}

function checksumElements(upload: UploadRecord): readonly XmlElement[] {
  return upload.checksumAlgorithm === undefined
    ? []
    : [
        ['ChecksumAlgorithm', upload.checksumAlgorithm],
        ['ChecksumType', upload.checksumType],
      ]
}

function isAfter(upload: UploadRecord, keyMarker: string, idMarker: string): boolean {
  if (keyMarker === '') return true
  const order = compareUtf8(upload.key, keyMarker)
  return order > 0 || (order === 0 && idMarker !== '' && compareUtf8(upload.id, idMarker) > 0)
}
