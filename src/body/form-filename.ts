/**
 * A field's value with `${filename}` replaced by the file's name: what follows the last slash or
 * backslash, since some browsers send a whole path. Without a filename the text stays as it is,
 * which is what S3 does (its page says: the empty string).
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
 */
export function expandFilename(value: string, filename: string | undefined): string {
  if (filename === undefined) return value
  const base = filename.slice(Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\')) + 1)
  return value.replace(/\$\{filename\}/g, () => base)
}
