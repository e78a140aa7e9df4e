import { failure, ok, type Result } from '../base/result.ts'
import { type ChecksumAlgorithm, startChecksum } from '../body/checksum.ts'
import { checksumHeaderName } from '../body/checksum-trailer.ts'
import type { Guards } from '../policy/guards.ts'
import { encodeUriComponentRfc3986 } from '../s3/percent-encoding.ts'

/** An upload that meets the guards of a rule. */
export interface GuardedWrite {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

const TAG_VALUE = 'sealgate-probe'

/**
 * Makes the probe's upload one that the guards of its rule allow. `content` is cut to the largest size that they
 * allow. Fails where the probe would leave something behind, or cannot do what is demanded; the error says what to
 * do.
 */
export function meetGuards(
  rule: string,
  guards: Guards | undefined,
  content: Buffer,
): Result<GuardedWrite, string> {
  const body = content.subarray(0, guards?.maxBytes ?? content.length)
  if (guards === undefined) return ok({ headers: {}, body })
  const { objectLock, storageClasses, tags = [], checksum } = guards
  if (objectLock !== undefined) {
    return failure(
      `the rule ${rule} keeps new objects for ${objectLock.days} days (objectLock), so the probe's own could not be ` +
        'deleted: choose --bucket and --prefix under a rule without it',
    )
  }
  const summed = checksumHeaders(rule, checksum, body)
  if (!summed.ok) return summed
  const [storageClass] = storageClasses ?? []
  const tagging = tags.map(({ key, values }) => {
    const [value = TAG_VALUE] = values ?? []
    return `${encodeUriComponentRfc3986(key)}=${encodeUriComponentRfc3986(value)}`
  })
  const headers = {
    ...summed.value,
    ...(storageClass === undefined ? {} : { 'x-amz-storage-class': storageClass }),
    ...(tagging.length === 0 ? {} : { 'x-amz-tagging': tagging.join('&') }),
  }
  return ok({ headers, body })
}

function checksumHeaders(
  rule: string,
  demanded: Guards['checksum'],
  body: Buffer,
): Result<Readonly<Record<string, string>>, string> {
  if (demanded === undefined) return ok({})
  const names = demanded === 'required' ? ['SHA256'] : [...demanded]
  for (const name of names) {
    const algorithm = ALGORITHMS.get(name)
    const checksum = algorithm && startChecksum(algorithm)
    if (algorithm === undefined || checksum === undefined) continue
    checksum.update(body)
    return ok({ [checksumHeaderName(algorithm)]: checksum.digest().toString('base64') })
  }
  return failure(
    `the rule ${rule} demands a checksum of ${names.join(', ')}, which the probe cannot compute: ` +
      'choose --bucket and --prefix under another rule',
  )
}

/** Those that the probe computes; it has no XXHash. */
const ALGORITHMS: ReadonlyMap<string, ChecksumAlgorithm> = new Map([
  ['CRC32', 'crc32'],
  ['CRC32C', 'crc32c'],
  ['CRC64NVME', 'crc64nvme'],
  ['SHA1', 'sha1'],
  ['SHA256', 'sha256'],
  ['SHA512', 'sha512'],
  ['MD5', 'md5'],
])
