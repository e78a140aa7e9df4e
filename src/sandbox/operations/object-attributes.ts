import { checkCustomerKey } from '../customer-key.ts'
import { type Answer, bucketOf, type Exchange, objectOf, xmlAnswer } from '../exchange.ts'
import { invalidArgument } from '../fault.ts'
import { versionHeaders } from '../find-version.ts'
import { header } from '../request.ts'
import { storageClassOf } from '../storage-class.ts'
import { writeXml } from '../xml.ts'

const ATTRIBUTES = new Set(['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'])

/** GetObjectAttributes; of the parts only how many. */
export function getObjectAttributes(exchange: Exchange): Answer {
  const record = objectOf(exchange)
  checkCustomerKey(record.encryption, exchange.request.headers)
  const value = header(exchange.request, 'x-amz-object-attributes') ?? ''
  const wanted = new Set(value.split(',').map((name) => name.trim()))
  if (![...wanted].every((name) => ATTRIBUTES.has(name))) {
    throw invalidArgument('Invalid attribute name specified.', 'x-amz-object-attributes', value)
  }
  const { checksum } = record
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
      wanted.has('ObjectParts') && record.partCount !== undefined
        ? ['ObjectParts', [['PartsCount', record.partCount]]]
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
