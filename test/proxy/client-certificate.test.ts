import t from 'tap'
import { certificateNames, normaliseSubject } from '../../src/proxy/client-certificate.ts'

t.test('a subject is compared as RFC 4514 writes it, from the last RDN to the first', async (t) => {
  const names = certificateNames({
    subject: 'C=DE\nO=Corp\\, Inc.\nCN=app',
    subjectAltName: undefined,
  })
  t.equal(names.subject, 'CN=app,O=Corp\\, Inc.,C=DE')
  t.strictSame(names.sans, [])
})

t.test('several values in one RDN are joined by +', async (t) => {
  const names = certificateNames({ subject: 'O=Corp\nCN=app + UID=7', subjectAltName: undefined })
  t.equal(names.subject, 'CN=app+UID=7,O=Corp')
})

const SAME: readonly (readonly [string, string])[] = [
  ['cn=app,o=Corp', 'CN=app,O=Corp'],
  ['CN=app, O=Corp', 'CN=app,O=Corp'],
  ['CN = app , O = Corp', 'CN=app,O=Corp'],
  ['CN=a\\, b,O=Corp', 'CN=a\\, b,O=Corp'],
  ['CN=ends in a space\\ ,O=Corp', 'CN=ends in a space\\ ,O=Corp'],
]

for (const [given, normal] of SAME) {
  t.test(`'${given}' is '${normal}'`, async (t) => {
    t.equal(normaliseSubject(given), normal)
  })
}

t.test("a value's case counts", async (t) => {
  t.not(normaliseSubject('CN=App'), normaliseSubject('CN=app'))
})

const SANS: readonly (readonly [string, readonly string[]])[] = [
  ['DNS:App.corp.example, DNS:b', ['app.corp.example', 'b']],
  ['URI:spiffe://corp/App, email:a@corp.example', ['spiffe://corp/App', 'a@corp.example']],
  ['IP Address:10.0.0.1, DNS:a', ['a']],
  // CVE-2021-44532: a name that holds what looks like another name.
  ['URI:"http://x/, DNS:admin"', ['http://x/, DNS:admin']],
  ['DNS:"a\\"b, DNS:admin", DNS:c', ['c']],
  ['othername:<unsupported>, DNS:a', ['a']],
  ['DNS:spiffe://corp/app, DNS:a@corp, URI:plain, email:plain', []],
  ['', []],
]

for (const [text, expected] of SANS) {
  t.test(`the names in '${text}'`, async (t) => {
    t.strictSame(certificateNames({ subject: 'CN=x', subjectAltName: text }).sans, expected)
  })
}

t.test('an empty subject is none', async (t) => {
  t.equal(certificateNames({ subject: '', subjectAltName: 'DNS:a' }).subject, '')
})
