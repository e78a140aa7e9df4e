import { checkCustomerKey } from '../customer-key.ts'
import { type Answer, bucketOf, type Exchange, objectOf, xmlAnswer } from '../exchange.ts'
import { invalidArgument } from '../fault.ts'
import { versionHeaders } from '../find-version.ts'
import type { ObjectPart } from '../records.ts'
import { header, type SandboxRequest } from '../request.ts'
import { storageClassOf } from '../storage-class.ts'
import { writeXml, type XmlElement } from '../xml.ts'

const ATTRIBUTES = new Set(['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'])

const PARTS_MAX = 1000

/**
 * GetObjectAttributes. The parts are listed only if they have checksums.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
 */
export function getObjectAttributes(exchange: Exchange): Answer {
  const { request } = exchange
  const record = objectOf(exchange)
  checkCustomerKey(record.encryption, request.headers)
  const value = header(request, 'x-amz-object-attributes') ?? ''
  const wanted = new Set(value.split(',').map((name) => name.trim()))
  if (![...wanted].every((name) => ATTRIBUTES.has(name))) {
    throw invalidArgument('Invalid attribute name specified.', 'x-amz-object-attributes', value)
  }
  const { checksum, parts } = record
  return xmlAnswer(
    writeXml('GetObjectAttributesResponse', [
      // Here, and only here, without quotes.
      wanted.has('ETag') ? ['ETag', record.etag] : undefined,
      wanted.has('Checksum') && checksum
        ? [
            'Checksum',
            [
              [`Checksum${checksum.algorithm}`, checksum.value],
              ['ChecksumType', checksum.type],
            ],
          ]
        : undefined,
      wanted.has('ObjectParts') && parts !== undefined
        ? ['ObjectParts', partsElements(request, parts)]
        : undefined,
      wanted.has('StorageClass') ? ['StorageClass', storageClassOf(record)] : undefined,
      wanted.has('ObjectSize') ? ['ObjectSize', record.size] : undefined,
    ]),
    {
      'last-modified': new Date(record.lastModified).toUTCString(),
      ...versionHeaders(bucketOf(exchange), record),
    },
  )
}

function partsElements(
  request: SandboxRequest,
  parts: readonly ObjectPart[],
): readonly XmlElement[] {
  const count: XmlElement = ['PartsCount', parts.length]
  if (!parts.every(({ checksum }) => checksum !== undefined)) return [count]
  const marker = numberHeader(request, 'x-amz-part-number-marker', 0)
  const countMax = Math.min(numberHeader(request, 'x-amz-max-parts', PARTS_MAX), PARTS_MAX)
  const rest = parts.filter(({ number }) => number > marker)
  const page = rest.slice(0, countMax)
  return [
    count,
    ['PartNumberMarker', marker],
    ['NextPartNumberMarker', page.at(-1)?.number ?? 0],
    ['MaxParts', countMax],
    ['IsTruncated', rest.length > page.length],
    ...page.map(partElement),
  ]
}

function partElement({ number, size, checksum }: ObjectPart): XmlElement {
  return [
    'Part',
    [
      checksum && [`Checksum${checksum.algorithm}`, checksum.value],
      ['PartNumber', number],
      ['Size', size],
    ],
  ]
}

function numberHeader(request: SandboxRequest, name: string, otherwise: number): number {
  const value = header(request, name)
  if (value === undefined) return otherwise
  if (/^\d{1,10}$/.test(value)) return Number(value)
  throw invalidArgument(`Provided ${name} not an integer or within integer range`, name, value)
}
