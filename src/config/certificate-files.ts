import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { type BuildContext, readNamedFile } from './build-context.ts'
import type { ConfigPath } from './problems.ts'

/**
 * Reads certificate and key; reports if they are missing, malformed or do not match. Returns the
 * certificate.
 */
export async function checkKeyPair(
  context: BuildContext,
  path: ConfigPath,
  files: { readonly certFile: string; readonly keyFile: string },
): Promise<X509Certificate | undefined> {
  const certPem = await readNamedFile(context, [...path, 'certFile'], files.certFile)
  const keyPem = await readNamedFile(context, [...path, 'keyFile'], files.keyFile)
  const certificate = certPem === undefined ? undefined : readCertificate(certPem)
  if (certPem !== undefined && certificate === undefined) {
    context.report([...path, 'certFile'], 'has no PEM certificate')
  }
  if (keyPem === undefined) return certificate
  const key = readKey(keyPem)
  if (key === undefined) {
    context.report([...path, 'keyFile'], 'has no PEM private key, or one with a passphrase')
  } else if (certificate !== undefined && !certificate.checkPrivateKey(key)) {
    context.report([...path, 'keyFile'], 'is not the key of the certificate in certFile')
  }
  return certificate
}

/** Reports a certificate that cannot sign others: not a CA, or with an unsupported kind of key. */
export function checkAuthority(
  context: BuildContext,
  path: ConfigPath,
  certificate: X509Certificate,
): void {
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey
  if (!certificate.ca) {
    context.report(path, 'is not a CA certificate (basicConstraints CA:TRUE)')
  } else if (
    asymmetricKeyType !== 'rsa' &&
    !AUTHORITY_CURVES.includes(asymmetricKeyDetails?.namedCurve ?? '')
  ) {
    context.report(path, 'must have an RSA key, or an ECDSA key with P-256 or P-384')
  }
}

const AUTHORITY_CURVES: readonly string[] = ['prime256v1', 'secp384r1']

/** Parses the first certificate of PEM text; undefined if there is none. */
export function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}
