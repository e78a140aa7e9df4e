import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Result } from '../../src/base/result.ts'
import {
  type Certificate,
  readCertificate,
  watchCertificate,
} from '../../src/inject/watch-certificate.ts'
import { makeCertificate, mountCertificate } from '../support/certificates.ts'

t.test('a pair is read; what is no pair is an error without the key in it', async (t) => {
  const pair = makeCertificate({ serialNumber: '01' })
  const files = mountCertificate(t.testdir(), pair)
  const read = await readCertificate(files)
  t.equal(read.ok && read.value.cert.toString(), pair.cert)
  t.equal(read.ok && read.value.key.toString(), pair.key)

  const other = makeCertificate({ serialNumber: '02' })
  writeFileSync(files.keyFile, other.key)
  const mismatch = await readCertificate(files)
  t.match(mismatch, { ok: false, error: /tls\.crt/ })
  t.notMatch(mismatch, { error: /PRIVATE/ })

  t.match(await readCertificate({ ...files, certFile: join(t.testdirName, 'none') }), {
    ok: false,
    error: /none: there is no such file/,
  })
})

/** Watches a folder; `next` resolves with the first outcome that `isWanted` accepts. */
function startWatch(t: { teardown(close: () => void): void }, folder: string) {
  const outcomes: Result<Certificate, string>[] = []
  let wake = () => {}
  const files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
  const watching = watchCertificate(files, (outcome) => {
    outcomes.push(outcome)
    wake()
  })
  t.teardown(() => watching.close())
  return async (isWanted: (outcome: Result<Certificate, string>) => boolean): Promise<void> => {
    while (!outcomes.some(isWanted)) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
}

t.test('a Secret that kubelet renews is read again', async (t) => {
  const folder = t.testdir()
  mountCertificate(folder, makeCertificate({ serialNumber: '01' }))
  const next = startWatch(t, folder)
  const renewed = makeCertificate({ serialNumber: '02' })
  mountCertificate(folder, renewed)
  await next((outcome) => outcome.ok && outcome.value.cert.toString() === renewed.cert)
})

t.test('files that are written in place, one after the other, are read again', async (t) => {
  const folder = t.testdir()
  mountCertificate(folder, makeCertificate({ serialNumber: '01' }))
  const data = join(folder, '..data')
  const next = startWatch(t, data)
  const renewed = makeCertificate({ serialNumber: '02' })
  writeFileSync(join(data, 'tls.crt'), renewed.cert)
  await next((outcome) => !outcome.ok)
  writeFileSync(join(data, 'tls.key'), renewed.key)
  await next((outcome) => outcome.ok && outcome.value.key.toString() === renewed.key)
})
