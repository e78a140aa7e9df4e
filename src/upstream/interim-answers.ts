const DIGIT_0 = 0x30
const DIGIT_1 = 0x31
const DIGIT_2 = 0x32
const CR = 0x0d
const LF = 0x0a

/** The position of the status in `HTTP/1.1 100`. */
const STATUS_AT = 9

/**
 * Turns each `100 Continue` before an answer into a `102`, in the bytes as they arrive. A server
 * may send informational answers at any time and in any number; undici accepts all of them except
 * 100, for which it closes the connection. Only one digit changes; everything except the status
 * line of an informational answer is left unchanged.
 *
 * Source: RFC 9110 section 15.2; findings/undici-unasked-100.sh
 */
export class InterimAnswers {
  #state: 'status-line' | 'interim-head' | 'answer' = 'answer'
  /** Matched bytes of the status line, or of the empty line that ends a head. */
  #matched = 0
  #isZero = false

  /** A request is sent: the next bytes are a status line. */
  begin(): void {
    this.#state = 'status-line'
    this.#matched = 0
  }

  /** Processes the next bytes of the connection; may change them in place. */
  pass(chunk: Buffer): void {
    for (let i = 0; i < chunk.length && this.#state !== 'answer'; i++) {
      if (this.#state === 'status-line') this.#readStatusLine(chunk, i)
      else this.#readHead(chunk[i])
    }
  }

  #readStatusLine(chunk: Buffer, i: number): void {
    const at = this.#matched++
    const byte = chunk[i]
    if (at < STATUS_AT) return
    if (at === STATUS_AT && byte !== DIGIT_1) this.#state = 'answer'
    else if (at === STATUS_AT + 1) this.#isZero = byte === DIGIT_0
    else if (at === STATUS_AT + 2) {
      if (this.#isZero && byte === DIGIT_0) chunk[i] = DIGIT_2
      this.#state = 'interim-head'
      this.#matched = 0
    }
  }

  #readHead(byte: number | undefined): void {
    const expected = this.#matched % 2 === 0 ? CR : LF
    if (byte === expected) this.#matched++
    else this.#matched = byte === CR ? 1 : 0
    if (this.#matched === 4) this.begin()
  }
}
