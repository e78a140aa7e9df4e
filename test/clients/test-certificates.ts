import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** PEM files of an authority made for one run, and of a listener on loopback. */
export interface TestCertificates {
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
}

/** Makes them with the openssl command; valid for a day. */
export async function makeTestCertificates(folder: string): Promise<TestCertificates> {
  const file = (name: string) => join(folder, name)
  const openssl = (...args: readonly string[]) => run('/usr/bin/openssl', [...args])
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const ca = ['-x509', ...fresh, '-days', '1', '-subj', '/CN=Test authority']
  await openssl('req', ...ca, '-keyout', file('ca.key'), '-out', file('ca.pem'))
  const names = ['-subj', '/CN=localhost', '-keyout', file('listener.key')]
  await openssl('req', ...fresh, ...names, '-out', file('listener.csr'))
  writeFileSync(file('listener.ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  const signed = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial']
  const extra = ['-days', '1', '-extfile', file('listener.ext'), '-out', file('listener.pem')]
  await openssl('x509', '-req', '-in', file('listener.csr'), ...signed, ...extra)
  return { caFile: file('ca.pem'), certFile: file('listener.pem'), keyFile: file('listener.key') }
}
