/** One DER element: its tag, its content, and its complete encoding. */
export interface DerElement {
  readonly tag: number
  readonly content: Buffer
  readonly raw: Buffer
}

/** Tags of X.690 that certificates use. */
export const DER_TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

/**
 * Writes one element, contents joined.
 *
 * Source: ITU-T X.690 sections 8 and 10
 */
export function derElement(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  return Buffer.concat([Buffer.from([tag]), derLength(content.length), content])
}

/** Writes an object identifier: `2.5.29.17`. */
export function derOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest.flatMap(base128)]
  return derElement(DER_TAG.oid, Buffer.from(bytes))
}

/** Writes a time to the second, in the form that RFC 5280 section 4.1.2.5 asks for. */
export function derTime(timeMs: number): Buffer {
  const digits = new Date(timeMs).toISOString().replace(/[-:T]|\.\d+/g, '')
  return Number(digits.slice(0, 4)) < 2050
    ? derElement(DER_TAG.utcTime, Buffer.from(digits.slice(2), 'latin1'))
    : derElement(DER_TAG.generalizedTime, Buffer.from(digits, 'latin1'))
}

/** Parses a sequence of elements; throws if their lengths are inconsistent. */
export function readDer(bytes: Buffer): readonly DerElement[] {
  const elements: DerElement[] = []
  let at = 0
  while (at < bytes.length) {
    const element = readElement(bytes, at)
    elements.push(element)
    at += element.raw.length
  }
  return elements
}

function readElement(bytes: Buffer, at: number): DerElement {
  const first = bytes[at + 1] ?? 0
  const lengthOctets = first < 0x80 ? 0 : first & 0x7f
  if (lengthOctets > 4) throw new Error('DER: a length is too long')
  const length = lengthOctets === 0 ? first : bytes.readUIntBE(at + 2, lengthOctets)
  const start = at + 2 + lengthOctets
  const end = start + length
  if (end > bytes.length) throw new Error('DER: an element is cut short')
  const tag = bytes[at] ?? 0
  return { tag, content: bytes.subarray(start, end), raw: bytes.subarray(at, end) }
}

function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Buffer.from([0x80 | bytes.length, ...bytes])
}

function base128(value: number): number[] {
  const bytes = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift(0x80 | (rest % 128))
  }
  return bytes
}
