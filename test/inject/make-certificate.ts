import { generateKeyPairSync, sign } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { CertificateFiles } from '../../src/inject/watch-certificate.ts'

/** Object identifiers as DER. Source: RFC 5280, RFC 5758. */
const OID = {
  commonName: Buffer.from('0603550403', 'hex'),
  ecdsaWithSha256: Buffer.from('06082a8648ce3d040302', 'hex'),
  basicConstraints: Buffer.from('0603551d13', 'hex'),
  subjectAltName: Buffer.from('0603551d11', 'hex'),
} as const

/** A self-signed certificate for localhost and its key, both PEM. */
export interface TestCertificate {
  readonly cert: string
  readonly key: string
}

/**
 * Makes one; `serialNumber` (hexadecimal, even length) tells it from others. `notAfter`: YYYYMMDDhhmmssZ.
 */
export function makeCertificate(
  serialNumber: string,
  notAfter = '21200101000000Z',
): TestCertificate {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = der(0x30, der(0x31, der(0x30, OID.commonName, der(0x0c, Buffer.from('localhost')))))
  const signed = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from(serialNumber, 'hex')),
    der(0x30, OID.ecdsaWithSha256),
    name,
    der(0x30, generalizedTime('20200101000000Z'), generalizedTime(notAfter)),
    name,
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      der(
        0x30,
        der(0x30, OID.basicConstraints, der(0x04, der(0x30, der(0x01, Buffer.from([0xff]))))),
        der(0x30, OID.subjectAltName, der(0x04, der(0x30, der(0x82, Buffer.from('localhost'))))),
      ),
    ),
  )
  const signature = sign('sha256', signed, keys.privateKey)
  const certificate = der(
    0x30,
    signed,
    der(0x30, OID.ecdsaWithSha256),
    der(0x03, Buffer.from([0]), signature),
  )
  const lines = certificate.toString('base64').replace(/.{64}/g, '$&\n')
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
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

function generalizedTime(text: string): Buffer {
  return der(0x18, Buffer.from(text))
}

/**
 * Lays a pair into `folder` as kubelet mounts a Secret: the files are links through `..data`, and a
 * renewal renames that link, so that both change at once.
 */
export function mountCertificate(folder: string, certificate: TestCertificate): CertificateFiles {
  mkdirSync(folder, { recursive: true })
  const generation = mkdtempSync(join(folder, '..generation-'))
  writeFileSync(join(generation, 'tls.crt'), certificate.cert)
  writeFileSync(join(generation, 'tls.key'), certificate.key)
  symlinkSync(basename(generation), join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  for (const name of ['tls.crt', 'tls.key']) {
    if (!existsSync(join(folder, name))) symlinkSync(join('..data', name), join(folder, name))
  }
  return { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
}
