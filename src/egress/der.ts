/** One element of DER: its tag, its content, and both together as they stand. */
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
  const octets = [first * 40 + second, ...rest.flatMap(base128)]
  return derElement(DER_TAG.oid, Buffer.from(octets))
}

/** Writes a time to the second, in the form that RFC 5280 section 4.1.2.5 asks for. */
export function derTime(timeMs: number): Buffer {
  const digits = new Date(timeMs).toISOString().replace(/[-:T]|\.\d+/g, '')
  return Number(digits.slice(0, 4)) < 2050
    ? derElement(DER_TAG.utcTime, Buffer.from(digits.slice(2), 'latin1'))
    : derElement(DER_TAG.generalizedTime, Buffer.from(digits, 'latin1'))
}

/** Reads the elements that stand one after the other; throws where lengths do not add up. */
export function readDer(octets: Buffer): readonly DerElement[] {
  const elements: DerElement[] = []
  let at = 0
  while (at < octets.length) {
    const element = readElement(octets, at)
    elements.push(element)
    at += element.raw.length
  }
  return elements
}

function readElement(octets: Buffer, at: number): DerElement {
  const first = octets[at + 1] ?? 0
  const lengthOctets = first < 0x80 ? 0 : first & 0x7f
  if (lengthOctets > 4) throw new Error('DER: a length is too long')
  const length = lengthOctets === 0 ? first : octets.readUIntBE(at + 2, lengthOctets)
  const start = at + 2 + lengthOctets
  const end = start + length
  if (end > octets.length) throw new Error('DER: an element is cut short')
  const tag = octets[at] ?? 0
  return { tag, content: octets.subarray(start, end), raw: octets.subarray(at, end) }
}

function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return Buffer.from([0x80 | octets.length, ...octets])
}

function base128(value: number): number[] {
  const octets = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    octets.unshift(0x80 | (rest % 128))
  }
  return octets
}
