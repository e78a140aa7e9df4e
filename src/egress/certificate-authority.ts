import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { DER_TAG, type DerElement, derElement, derOid, derTime, readDer } from './der.ts'

/** The certificate of a TLS server: PEM, the leaf first. */
interface LeafCertificate {
  readonly cert: string
  readonly key: string
  /** Milliseconds since the epoch. */
  readonly notAfterMs: number
}

const HOUR_MS = 3_600_000
/** For clients whose clocks are late. */
const BACKDATED_MS = 24 * HOUR_MS
/** Short, because a leaf cannot be revoked. */
const LIFETIME_MS = 7 * 24 * HOUR_MS
/** Limit of a common name. Source: RFC 5280 appendix A, ub-common-name */
const COMMON_NAME_CHARS_MAX = 64

const OID = {
  commonName: '2.5.4.3',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  ecdsaSha256: '1.2.840.10045.4.3.2',
  ecdsaSha384: '1.2.840.10045.4.3.3',
  rsaSha256: '1.2.840.113549.1.1.11',
} as const

/**
 * The organisation's CA: issues certificates for S3's host names, in memory. All of them have the
 * same ECDSA P-256 key, which is generated with this object and never written to disk.
 *
 * Source: RFC 5280 section 4
 */
export class CertificateAuthority {
  readonly #certificate: X509Certificate
  readonly #chain: string
  readonly #key: KeyObject
  readonly #issuer: Buffer
  readonly #keyId: Buffer
  readonly #algorithm: { readonly hash: string; readonly identifier: Buffer }
  readonly #leafKeyPem: string
  readonly #leafPublicKey: Buffer

  /**
   * PEM texts: the certificate (its chain may follow), and its private key: RSA, or ECDSA with
   * P-256 or P-384. Throws if they do not match, or if the certificate is not a CA's.
   */
  constructor(certPem: string, keyPem: string) {
    this.#certificate = new X509Certificate(certPem)
    this.#key = createPrivateKey(keyPem)
    if (!this.#certificate.ca) throw new Error('the certificate is not a CA certificate')
    if (!this.#certificate.checkPrivateKey(this.#key)) {
      throw new Error('the certificate and the key do not match')
    }
    this.#chain = certPem.trimEnd()
    this.#algorithm = algorithmOf(this.#key)
    this.#issuer = subjectOf(this.#certificate.raw)
    this.#keyId = keyIdOf(this.#certificate)
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#leafKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    this.#leafPublicKey = publicKey.export({ type: 'spki', format: 'der' })
  }

  /** Issues a certificate for the host name: for 7 days, or until the CA's own expires. */
  issue(hostname: string, nowMs: number): LeafCertificate {
    const notBeforeMs = Math.max(nowMs - BACKDATED_MS, Date.parse(this.#certificate.validFrom))
    const notAfterMs = Math.min(nowMs + LIFETIME_MS, Date.parse(this.#certificate.validTo))
    const toBeSigned = derElement(
      DER_TAG.sequence,
      derElement(0xa0, derElement(DER_TAG.integer, Buffer.from([2]))),
      derElement(DER_TAG.integer, serialNumber()),
      this.#algorithm.identifier,
      this.#issuer,
      derElement(DER_TAG.sequence, derTime(notBeforeMs), derTime(notAfterMs)),
      subjectFor(hostname),
      this.#leafPublicKey,
      derElement(0xa3, derElement(DER_TAG.sequence, ...this.#extensions(hostname))),
    )
    const signature = sign(this.#algorithm.hash, toBeSigned, this.#key)
    const certificate = derElement(
      DER_TAG.sequence,
      toBeSigned,
      this.#algorithm.identifier,
      derElement(DER_TAG.bitString, Buffer.from([0]), signature),
    )
    return { cert: `${toPem(certificate)}\n${this.#chain}\n`, key: this.#leafKeyPem, notAfterMs }
  }

  #extensions(hostname: string): readonly Buffer[] {
    const name = derElement(0x82, Buffer.from(hostname, 'latin1'))
    return [
      extension(OID.basicConstraints, true, derElement(DER_TAG.sequence)),
      // Only digitalSignature: the first bit of eight; seven are unused.
      extension(OID.keyUsage, true, derElement(DER_TAG.bitString, Buffer.from([7, 0x80]))),
      extension(OID.extendedKeyUsage, false, derElement(DER_TAG.sequence, derOid(OID.serverAuth))),
      extension(OID.subjectAltName, false, derElement(DER_TAG.sequence, name)),
      extension(
        OID.subjectKeyId,
        false,
        derElement(DER_TAG.octetString, publicKeyId(this.#leafPublicKey)),
      ),
      extension(
        OID.authorityKeyId,
        false,
        derElement(DER_TAG.sequence, derElement(0x80, this.#keyId)),
      ),
    ]
  }
}

function algorithmOf(key: KeyObject) {
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (key.asymmetricKeyType === 'rsa') {
    const identifier = [derOid(OID.rsaSha256), derElement(DER_TAG.null)]
    return { hash: 'sha256', identifier: derElement(DER_TAG.sequence, ...identifier) }
  }
  if (curve === 'prime256v1') {
    return { hash: 'sha256', identifier: derElement(DER_TAG.sequence, derOid(OID.ecdsaSha256)) }
  }
  if (curve === 'secp384r1') {
    return { hash: 'sha384', identifier: derElement(DER_TAG.sequence, derOid(OID.ecdsaSha384)) }
  }
  throw new Error("the CA's key must be RSA, or ECDSA with P-256 or P-384")
}

/** Returns the subject unchanged: issuers are compared byte by byte. */
function subjectOf(certificate: Buffer): Buffer {
  const fields = toBeSignedFields(certificate)
  // serialNumber, signature, issuer, validity, subject; the version, in [0], precedes them.
  const subject = fields[fields[0]?.tag === 0xa0 ? 5 : 4]
  if (subject?.tag !== DER_TAG.sequence) throw new Error('the certificate has no subject')
  return subject.raw
}

/** Returns the CA's own key identifier, which leaves refer to; otherwise the hash of its key. */
function keyIdOf(certificate: X509Certificate): Buffer {
  const oid = derOid(OID.subjectKeyId)
  const list = toBeSignedFields(certificate.raw).find(({ tag }) => tag === 0xa3)
  const extensions = list === undefined ? [] : readDer(readDer(list.content)[0]?.content ?? EMPTY)
  for (const { content } of extensions) {
    const parts = readDer(content)
    const value = parts[parts.length - 1]
    if (parts[0]?.raw.equals(oid) && value !== undefined) {
      return readDer(value.content)[0]?.content ?? EMPTY
    }
  }
  return publicKeyId(
    createPublicKey(certificate.publicKey.export({ type: 'spki', format: 'pem' })).export({
      type: 'spki',
      format: 'der',
    }),
  )
}

const EMPTY = Buffer.alloc(0)

function toBeSignedFields(certificate: Buffer): readonly DerElement[] {
  const whole = readDer(certificate)[0]
  const toBeSigned = whole === undefined ? undefined : readDer(whole.content)[0]
  return toBeSigned === undefined ? [] : readDer(toBeSigned.content)
}

/** RFC 5280 section 4.2.1.2, method 1: SHA-1 of the key's bits; an identifier, not a protection. */
function publicKeyId(subjectPublicKeyInfo: Buffer): Buffer {
  const bits = readDer(readDer(subjectPublicKeyInfo)[0]?.content ?? EMPTY)[1]?.content ?? EMPTY
  return createHash('sha1').update(bits.subarray(1)).digest()
}

/** A positive random number of 127 bits. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes
}

/** Old programs only check the common name; a name that is too long is replaced. */
function subjectFor(hostname: string): Buffer {
  if (hostname.length > COMMON_NAME_CHARS_MAX) return subjectFor('sealgate')
  const value = derElement(DER_TAG.utf8String, Buffer.from(hostname, 'latin1'))
  const attribute = derElement(DER_TAG.sequence, derOid(OID.commonName), value)
  return derElement(DER_TAG.sequence, derElement(DER_TAG.set, attribute))
}

function extension(oid: string, isCritical: boolean, value: Buffer): Buffer {
  const critical = isCritical ? [derElement(DER_TAG.boolean, Buffer.from([0xff]))] : []
  return derElement(
    DER_TAG.sequence,
    derOid(oid),
    ...critical,
    derElement(DER_TAG.octetString, value),
  )
}

function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----'].join('\n')
}
