import { makeCertificate } from '../inject/make-certificate.ts'

/** A self-signed certificate and its key, PEM; made anew, never stored. */
export interface KeyPairPem {
  readonly certificate: string
  readonly key: string
}

let serial = 0x10

/** Makes one for localhost; each has a serial number of its own. `notAfter`: YYYYMMDDhhmmssZ. */
export function makeKeyPair(notAfter?: string): KeyPairPem {
  serial++
  const { cert, key } = makeCertificate(serial.toString(16), notAfter)
  return { certificate: cert, key }
}
