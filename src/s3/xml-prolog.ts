const DECLARATION_START = Buffer.from('<?xml')
const DECLARATION_END = Buffer.from('?>')

/** The prolog of a document: the bytes before its root element. */
interface XmlProlog {
  /** Bytes of white space and of a complete declaration. */
  readonly length: number
  /** True if the next bytes cannot belong to the prolog; false if it may continue in them. */
  readonly isOver: boolean
}

/** Measures the prolog in the first bytes of a document. */
export function measureProlog(bytes: Buffer): XmlProlog {
  let length = 0
  for (;;) {
    while (length < bytes.length && isSpace(bytes[length])) length++
    const rest = bytes.subarray(length)
    const known = Math.min(rest.length, DECLARATION_START.length)
    const mayDeclare = rest.subarray(0, known).equals(DECLARATION_START.subarray(0, known))
    const end = known < DECLARATION_START.length ? -1 : rest.indexOf(DECLARATION_END)
    if (!mayDeclare || end === -1) return { length, isOver: !mayDeclare }
    length += end + DECLARATION_END.length
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d
}
