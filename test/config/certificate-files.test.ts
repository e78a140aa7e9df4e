import t from 'tap'
import { checkKeyPair, readCertificate } from '../../src/config/certificate-files.ts'
import { makeCertificate } from '../support/certificates.ts'

t.test('the first certificate of PEM text is read', async (t) => {
  const [one, other] = [makeCertificate(), makeCertificate()]
  const first = readCertificate(`${one.cert}\n${other.cert}`)
  t.equal(first?.serialNumber, readCertificate(one.cert)?.serialNumber)
  t.not(first?.serialNumber, readCertificate(other.cert)?.serialNumber)
  t.equal(readCertificate(one.key), undefined)
  t.equal(readCertificate(''), undefined)
})

t.test('a pair is reported only where it is none', async (t) => {
  const [one, other] = [makeCertificate(), makeCertificate()]
  const files: Readonly<Record<string, string>> = {
    '/c/one.crt': one.cert,
    '/c/one.key': one.key,
    '/c/other.key': other.key,
  }
  const reported: string[] = []
  const context = {
    directory: '/c',
    readFile: async (path: string) => files[path] ?? '',
    report: (_: unknown, message: string) => reported.push(message),
    warn: () => undefined,
  }
  await checkKeyPair(context, [], { certFile: 'one.crt', keyFile: 'one.key' })
  t.strictSame(reported, [])
  await checkKeyPair(context, [], { certFile: 'one.crt', keyFile: 'other.key' })
  t.strictSame(reported, ['is not the key of the certificate in certFile'])
})
