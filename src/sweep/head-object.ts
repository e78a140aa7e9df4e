import { askS3, type S3Link, type S3Reply } from './s3-request.ts'

/** An object, or one version of it. */
export interface ObjectName {
  readonly bucket: string
  /** Decoded. */
  readonly key: string
  /** `null` for the version without an id; undefined: the current one. */
  readonly versionId: string | undefined
}

/** Asks for everything that S3 says of an object in a head, with its checksum. */
export function headObject(link: S3Link, object: ObjectName): Promise<S3Reply> {
  return askS3(link, {
    method: 'HEAD',
    bucket: object.bucket,
    key: object.key,
    query: versionQuery(object),
    fields: ['x-amz-checksum-mode', 'ENABLED'],
  })
}

/** The parameter that names the version. */
export function versionQuery({
  versionId,
}: Pick<ObjectName, 'versionId'>): readonly { readonly name: string; readonly value: string }[] {
  return versionId === undefined ? [] : [{ name: 'versionId', value: versionId }]
}
