import { randomBytes } from 'node:crypto'

/** Thirty-two symbols, so that five bits of a random byte choose one without bias. */
const SYMBOLS = '0123456789ABCDEFGHIJKLMNOPQRSTUV'
const ID_CHARS = 16
const BATCH_OCTETS = ID_CHARS * 256

/**
 * Makes request ids that look like S3's: 16 characters of `[0-9A-V]`, 80 random bits. Randomness is
 * fetched for 256 ids at once: one call of randomBytes an id costs more than all the rest of it.
 */
export class RequestIds {
  readonly #random: (size: number) => Uint8Array
  #batch: Uint8Array = new Uint8Array(0)
  #at = 0

  constructor(random: (size: number) => Uint8Array = randomBytes) {
    this.#random = random
  }

  next(): string {
    if (this.#at >= this.#batch.length) {
      this.#batch = this.#random(BATCH_OCTETS)
      this.#at = 0
    }
    const end = this.#at + ID_CHARS
    let id = ''
    for (let i = this.#at; i < end; i++) id += SYMBOLS[(this.#batch[i] as number) & 31]
    this.#at = end
    return id
  }
}

/**
 * Makes what `HostId` and `x-amz-id-2` say: 64 characters of base64. S3's names the machine that
 * answered; here it names the process.
 */
export function createHostId(random: (size: number) => Buffer = randomBytes): string {
  return random(48).toString('base64')
}
