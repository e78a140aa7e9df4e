import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { CertificateAuthority } from '../../src/egress/certificate-authority.ts'
import { LEAF_CONTEXTS_MAX, LeafContexts } from '../../src/egress/leaf-contexts.ts'
import { makeCertificate } from '../support/certificates.ts'

const DAY_MS = 86_400_000
const HOST = 'my.bucket.s3.eu-west-1.amazonaws.com'

for (const type of ['P-256', 'P-384', 'RSA'] as const) {
  t.test(`an authority with a ${type} key makes leaves that openssl accepts`, async (t) => {
    const ca = makeCertificate({ keyType: type, subject: '/C=DE/O=Örtliche Firma/CN=Egress' })
    const now = Date.now()
    const { cert, key, notAfterMs } = new CertificateAuthority(ca.cert, ca.key).issue(HOST, now)
    const leaf = new X509Certificate(cert)
    const issuer = new X509Certificate(ca.cert)
    t.ok(leaf.checkIssued(issuer))
    t.ok(leaf.verify(issuer.publicKey))
    t.equal(leaf.checkHost(HOST), HOST)
    t.equal(leaf.checkHost('other.s3.eu-west-1.amazonaws.com'), undefined)
    t.equal(leaf.ca, false)
    t.strictSame(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1'])
    t.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
    t.equal(Date.parse(leaf.validTo), Math.floor(notAfterMs / 1000) * 1000)
    t.equal(notAfterMs, now + 7 * DAY_MS)
    t.match(key, /^-----BEGIN PRIVATE KEY-----/)

    const directory = mkdtempSync(join(tmpdir(), 'sealgate-leaf-'))
    t.teardown(() => rmSync(directory, { recursive: true }))
    writeFileSync(join(directory, 'ca.pem'), ca.cert)
    writeFileSync(join(directory, 'leaf.pem'), cert)
    const verified = execFileSync(
      'openssl',
      [
        ...['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', HOST],
        ...['-CAfile', join(directory, 'ca.pem'), join(directory, 'leaf.pem')],
      ],
      { encoding: 'utf8' },
    )
    t.match(verified, /leaf\.pem: OK/)
  })
}

t.test('the chain follows the leaf', async (t) => {
  const ca = makeCertificate()
  const { cert } = new CertificateAuthority(ca.cert, ca.key).issue(HOST, Date.now())
  t.equal(cert.match(/BEGIN CERTIFICATE/g)?.length, 2)
  t.ok(cert.endsWith(`${ca.cert.trimEnd()}\n`))
})

t.test('a leaf does not outlive its authority, nor begin before it', async (t) => {
  const ca = makeCertificate()
  const issuer = new X509Certificate(ca.cert)
  const authority = new CertificateAuthority(ca.cert, ca.key)
  const late = Date.parse(issuer.validTo) - DAY_MS
  const leaf = new X509Certificate(authority.issue(HOST, late).cert)
  t.equal(leaf.validTo, issuer.validTo)
  const early = new X509Certificate(authority.issue(HOST, Date.parse(issuer.validFrom)).cert)
  t.equal(early.validFrom, issuer.validFrom)
})

t.test('serial numbers are positive and never the same', async (t) => {
  const ca = makeCertificate()
  const authority = new CertificateAuthority(ca.cert, ca.key)
  const serials = new Set<string>()
  for (let i = 0; i < 50; i++) {
    const { serialNumber } = new X509Certificate(authority.issue(HOST, Date.now()).cert)
    t.match(serialNumber, /^[4-7][0-9A-F]{31}$/)
    serials.add(serialNumber)
  }
  t.equal(serials.size, 50)
})

t.test('a name of more than 64 characters stands in the alternative name alone', async (t) => {
  const ca = makeCertificate()
  const host = `${'b'.repeat(60)}.s3.eu-west-1.amazonaws.com`
  const leaf = new X509Certificate(
    new CertificateAuthority(ca.cert, ca.key).issue(host, Date.now()).cert,
  )
  t.equal(leaf.checkHost(host), host)
  t.equal(leaf.subject, 'CN=sealgate')
})

t.test('what cannot sign is not taken', async (t) => {
  const ca = makeCertificate()
  const other = makeCertificate()
  const server = makeCertificate({ isAuthority: false })
  const ed25519 = makeCertificate({ keyType: 'Ed25519' })
  t.throws(() => new CertificateAuthority(ca.cert, other.key), /do not match/)
  t.throws(() => new CertificateAuthority(server.cert, server.key), /not a CA certificate/)
  t.throws(() => new CertificateAuthority(ed25519.cert, ed25519.key), /must be RSA, or ECDSA/)
  t.throws(() => new CertificateAuthority('', ca.key))
})

t.test('contexts are made once a name, renewed in time, and bounded in number', async (t) => {
  const ca = makeCertificate()
  const leaves = new LeafContexts(new CertificateAuthority(ca.cert, ca.key))
  const now = Date.now()
  const first = leaves.contextFor(HOST, now)
  t.equal(leaves.contextFor(HOST, now + 6 * DAY_MS - 1), first)
  const renewed = leaves.contextFor(HOST, now + 6 * DAY_MS)
  t.not(renewed, first)
  for (let i = 0; i < LEAF_CONTEXTS_MAX; i++) {
    leaves.contextFor(`b${i}.s3.eu-west-1.amazonaws.com`, now)
    // Used again and again, it is not the one to go.
    if (i % 100 === 0) t.equal(leaves.contextFor(HOST, now), renewed)
  }
  t.equal(leaves.size, LEAF_CONTEXTS_MAX)
  t.equal(leaves.contextFor(HOST, now), renewed)
  const end = Date.parse(new X509Certificate(ca.cert).validTo)
  t.throws(() => leaves.contextFor('late.s3.amazonaws.com', end + 1), /has expired/)
})
