import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/*
 * Certificates for tests, made when they are needed and never stored; without openssl, whose start
 * takes longer than its work.
 */

/** A certificate and its key, PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

export interface CertificateOptions {
  /** `/C=DE/O=Corp/CN=name`; left out: `/CN=localhost`. */
  readonly subject?: string
  /** `DNS:…`, `URI:…`, `IP:…` (version 4); left out: localhost and 127.0.0.1. */
  readonly names?: readonly string[]
  readonly isAuthority?: boolean
  readonly keyType?: KeyType
  /** Hexadecimal, of even length; left out: a random one. */
  readonly serialNumber?: string
  /** `YYYYMMDDhhmmssZ`. */
  readonly notBefore?: string
  readonly notAfter?: string
}

export type KeyType = 'P-256' | 'P-384' | 'RSA' | 'Ed25519'

/** Makes a self-signed certificate: an authority's, unless it is said otherwise. */
export function makeCertificate(options: CertificateOptions = {}): KeyPair {
  const keys = makeKeys(options.keyType)
  const subject = nameOf(options.subject ?? '/CN=localhost')
  const issuer = { subject, key: keys.privateKey, keyId: randomBytes(20) }
  return pairOf(certificateOf({ isAuthority: true, ...options }, subject, keys, issuer), keys)
}

/** An authority of the test's own. */
export class TestAuthority implements KeyPair {
  readonly cert: string
  readonly key: string
  readonly #issuer: Issuer

  constructor(subject = '/CN=Test authority') {
    const keys = makeKeys()
    this.#issuer = { subject: nameOf(subject), key: keys.privateKey, keyId: randomBytes(20) }
    const options = { names: [], isAuthority: true }
    const certificate = certificateOf(options, this.#issuer.subject, keys, this.#issuer)
    const { cert, key } = pairOf(certificate, keys)
    this.cert = cert
    this.key = key
  }

  issue(options: CertificateOptions = {}): IssuedPair {
    const keys = makeKeys(options.keyType)
    const subject = nameOf(options.subject ?? '/CN=localhost')
    return { ...pairOf(certificateOf(options, subject, keys, this.#issuer), keys), ca: this.cert }
  }
}

/** With the certificate of the authority that issued it. */
export interface IssuedPair extends KeyPair {
  readonly ca: string
}

/** Where a pair is. */
export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** Writes `name.crt` and `name.key`. */
export function writePair(folder: string, name: string, { cert, key }: KeyPair): CertificateFiles {
  const files = { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) }
  writeFileSync(files.certFile, cert)
  writeFileSync(files.keyFile, key)
  return files
}

/**
 * Lays a pair into `folder` as kubelet mounts a Secret: the files are links through `..data`, and a
 * renewal renames that link, so that both change at once.
 */
export function mountCertificate(folder: string, { cert, key }: KeyPair): CertificateFiles {
  mkdirSync(folder, { recursive: true })
  const generation = mkdtempSync(join(folder, '..generation-'))
  writeFileSync(join(generation, 'tls.crt'), cert)
  writeFileSync(join(generation, 'tls.key'), key)
  symlinkSync(basename(generation), join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  for (const name of ['tls.crt', 'tls.key']) {
    if (!existsSync(join(folder, name))) symlinkSync(join('..data', name), join(folder, name))
  }
  return { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
}

interface Keys {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

interface Issuer {
  /** DER. */
  readonly subject: Buffer
  readonly key: KeyObject
  /** Its subject key identifier. */
  readonly keyId: Buffer
}

function makeKeys(type: KeyType = 'P-256'): Keys {
  if (type === 'RSA') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  if (type === 'Ed25519') return generateKeyPairSync('ed25519')
  return generateKeyPairSync('ec', { namedCurve: type })
}

function pairOf(certificate: Buffer, { privateKey }: Keys): KeyPair {
  const lines = certificate.toString('base64').replace(/.{64}(?=.)/g, '$&\n')
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** Object identifiers and constants as DER. Source: RFC 5280, 5758, 8410. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  C: '0603550406',
  O: '060355040a',
  CN: '0603550403',
}
const SIGNATURES: Readonly<Record<string, string>> = {
  ec: '300a06082a8648ce3d040302',
  rsa: '300d06092a864886f70d01010b0500',
  ed25519: '300506032b6570',
}
const BASIC_CONSTRAINTS = hex('0603551d13')
const KEY_USAGE = hex('0603551d0f')
const SUBJECT_ALT_NAME = hex('0603551d11')
const SUBJECT_KEY_ID = hex('0603551d0e')
const AUTHORITY_KEY_ID = hex('0603551d23')
const TRUE = hex('0101ff')
const CERT_SIGN = hex('03020186')
const DIGITAL_SIGNATURE = hex('03020780')

/** Source: RFC 5280 section 4.1. */
function certificateOf(
  options: CertificateOptions,
  subject: Buffer,
  { publicKey }: Keys,
  issuer: Issuer,
): Buffer {
  const { isAuthority = false, names = ['DNS:localhost', 'IP:127.0.0.1'] } = options
  const serial = Buffer.from(options.serialNumber ?? `40${randomBytes(8).toString('hex')}`, 'hex')
  const algorithm = hex(SIGNATURES[issuer.key.asymmetricKeyType ?? ''] ?? '')
  const constraints = isAuthority ? der(0x30, TRUE) : der(0x30)
  const extensions = [
    der(0x30, BASIC_CONSTRAINTS, TRUE, der(0x04, constraints)),
    der(0x30, KEY_USAGE, TRUE, der(0x04, isAuthority ? CERT_SIGN : DIGITAL_SIGNATURE)),
  ]
  // `openssl verify -x509_strict`, and Python from 3.13, ask for both.
  if (subject.equals(issuer.subject)) {
    extensions.push(der(0x30, SUBJECT_KEY_ID, der(0x04, der(0x04, issuer.keyId))))
  } else {
    extensions.push(der(0x30, AUTHORITY_KEY_ID, der(0x04, der(0x30, der(0x80, issuer.keyId)))))
  }
  if (names.length > 0) {
    extensions.push(der(0x30, SUBJECT_ALT_NAME, der(0x04, der(0x30, ...names.map(generalName)))))
  }
  const toBeSigned = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    issuer.subject,
    der(
      0x30,
      time(options.notBefore ?? '20200101000000Z'),
      time(options.notAfter ?? '21200101000000Z'),
    ),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, ...extensions)),
  )
  const hash = issuer.key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  const signature = sign(hash, toBeSigned, issuer.key)
  return der(0x30, toBeSigned, algorithm, der(0x03, Buffer.from([0]), signature))
}

/** `/C=DE/CN=name`: one attribute in each relative name. */
function nameOf(subject: string): Buffer {
  const attributes = [...subject.matchAll(/\/(C|O|CN)=(.*?)(?=\/(?:C|O|CN)=|$)/gs)]
  return der(
    0x30,
    ...attributes.map(([, type = '', value = '']) => {
      const text = der(type === 'C' ? 0x13 : 0x0c, Buffer.from(value))
      return der(0x31, der(0x30, hex(ATTRIBUTES[type] ?? ''), text))
    }),
  )
}

function generalName(name: string): Buffer {
  const [kind, value = ''] = name.split(/:(.*)/s)
  if (kind === 'DNS') return der(0x82, Buffer.from(value))
  if (kind === 'URI') return der(0x86, Buffer.from(value))
  if (kind === 'IP') return der(0x87, Buffer.from(value.split('.').map(Number)))
  throw new Error(`unknown kind of name: ${name}`)
}

/** UTCTime until 2049, then GeneralizedTime. Source: RFC 5280 section 4.1.2.5. */
function time(text: string): Buffer {
  return text < '2050' ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text))
}

/** One DER element of less than 64 KiB. Source: X.690 section 8.1. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  let head = [tag, 0x82, length >> 8, length & 0xff]
  if (length < 0x100) head = [tag, 0x81, length]
  if (length < 0x80) head = [tag, length]
  return Buffer.concat([Buffer.from(head), content])
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}
