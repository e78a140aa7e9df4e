import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** An authority of the test's, and a server certificate that it signed; all PEM. */
export interface TestAuthority {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** `YYYYMMDDHHMMSSZ`. */
interface Validity {
  readonly from: string
  readonly to: string
}

const LONG: Validity = { from: '20200101000000Z', to: '21200101000000Z' }

/** Object identifiers as DER. Source: RFC 5280, RFC 5758 */
const OID = {
  commonName: Buffer.from('0603550403', 'hex'),
  ecdsaWithSha256: Buffer.from('06082a8648ce3d040302', 'hex'),
  basicConstraints: Buffer.from('0603551d13', 'hex'),
  subjectAltName: Buffer.from('0603551d11', 'hex'),
} as const

/** Makes an authority, and a certificate of it for those DNS names. */
export function makeAuthority(names: readonly string[], validity = LONG): TestAuthority {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = nameOf('Test authority')
  const isAuthority = der(0x30, der(0x01, Buffer.from([0xff])))
  const dnsNames = der(0x30, ...names.map((name) => der(0x82, Buffer.from(name))))
  return {
    ca: certificate({
      serial: 1,
      issuer,
      subject: issuer,
      validity: LONG,
      key: authority.publicKey,
      extension: der(0x30, OID.basicConstraints, der(0x04, isAuthority)),
      signer: authority.privateKey,
    }),
    cert: certificate({
      serial: 2,
      issuer,
      subject: nameOf('S3'),
      validity,
      key: server.publicKey,
      extension: der(0x30, OID.subjectAltName, der(0x04, dnsNames)),
      signer: authority.privateKey,
    }),
    key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

interface Parts {
  readonly serial: number
  readonly issuer: Buffer
  readonly subject: Buffer
  readonly validity: Validity
  readonly key: KeyObject
  readonly extension: Buffer
  readonly signer: KeyObject
}

function certificate({ serial, issuer, subject, validity, key, extension, signer }: Parts): string {
  const algorithm = der(0x30, OID.ecdsaWithSha256)
  const toBeSigned = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([serial])),
    algorithm,
    issuer,
    der(0x30, der(0x18, Buffer.from(validity.from)), der(0x18, Buffer.from(validity.to))),
    subject,
    key.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, extension)),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', toBeSigned, signer))
  const lines = der(0x30, toBeSigned, algorithm, signature)
    .toString('base64')
    .replace(/.{64}/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}

function nameOf(commonName: string): Buffer {
  const attribute = der(0x30, OID.commonName, der(0x0c, Buffer.from(commonName)))
  return der(0x30, der(0x31, attribute))
}

/** One DER element of less than 64 KiB. Source: X.690 section 8.1 */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  let head = [tag, 0x82, length >> 8, length & 0xff]
  if (length < 0x100) head = [tag, 0x81, length]
  if (length < 0x80) head = [tag, length]
  return Buffer.concat([Buffer.from(head), content])
}
