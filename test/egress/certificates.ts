import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate and its key, PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** Key types that an authority may have, in the words of `openssl req -newkey`. */
export const KEY_TYPES = {
  'P-256': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'P-384': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  RSA: ['rsa:2048'],
  Ed25519: ['ed25519'],
} as const

/** Has openssl make a self-signed certificate, an authority's unless said otherwise. */
export function makeCertificate(
  type: keyof typeof KEY_TYPES = 'P-256',
  subject = '/O=Test Corp/CN=Test Egress CA',
  isAuthority = true,
): KeyPair {
  const directory = mkdtempSync(join(tmpdir(), 'sealgate-ca-'))
  const [cert, key] = [join(directory, 'ca.crt'), join(directory, 'ca.key')]
  try {
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', ...KEY_TYPES[type], '-nodes', '-days', '30'],
        ...['-keyout', key, '-out', cert, '-subj', subject],
        ...['-addext', `basicConstraints=critical,CA:${isAuthority ? 'TRUE' : 'FALSE'}`],
        ...[
          '-addext',
          `keyUsage=critical,${isAuthority ? 'keyCertSign,cRLSign' : 'digitalSignature'}`,
        ],
      ],
      { stdio: 'pipe' },
    )
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
