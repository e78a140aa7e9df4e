/** A part of a form as the tests write it. */
export interface WirePart {
  readonly name: string
  readonly value: Buffer | string
  /** What follows the name in Content-Disposition, and further lines. */
  readonly more?: string
}

/** One part with the boundary before it. */
export function formPart(boundary: string, part: WirePart): Buffer {
  return Buffer.concat([
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${part.name}"${part.more ?? ''}\r\n\r\n`,
    ),
    Buffer.from(part.value),
    Buffer.from('\r\n'),
  ])
}

/** A whole form. */
export function formBytes(boundary: string, parts: readonly WirePart[], end = '--\r\n'): Buffer {
  const list = parts.map((part) => formPart(boundary, part))
  return Buffer.concat([...list, Buffer.from(`--${boundary}${end}`)])
}
