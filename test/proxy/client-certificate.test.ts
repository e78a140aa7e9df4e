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
  ['CN=ends in a space\\   ,O=Corp', 'CN=ends in a space\\ ,O=Corp'],
  ['CN=ends in a backslash\\\\ ,O=Corp', 'CN=ends in a backslash\\\\,O=Corp'],
  ['CN=app + UID = 7,O=Corp', 'CN=app+UID=7,O=Corp'],
  ['CN=a\\+b,O=Corp', 'CN=a\\+b,O=Corp'],
]

for (const [given, normal] of SAME) {
  t.test(`'${given}' is '${normal}'`, async (t) => {
    t.equal(normaliseSubject(given), normal)
  })
}

/** What `String.prototype.trim` takes, and what else looks like nothing. */
const BLANKS = [
  ...'\u00a0\u3000\ufeff\u2028\u2029\u1680\u2000\u200a\u202f\u205f\u0085\u200b\u2060\u00ad\t\v\f',
]

for (const blank of BLANKS) {
  const code = blank.charCodeAt(0).toString(16).padStart(4, '0')
  t.test(`attack 6: U+${code} beside a value is part of the name`, async (t) => {
    const configured = normaliseSubject('CN=billing,O=Example')
    for (const rdns of [
      `O=Example\nCN=billing${blank}`,
      `O=Example\nCN=${blank}billing`,
      `O=Example${blank}\nCN=billing`,
      `O=${blank}Example\nCN=billing`,
      `O=Example\nCN=billing + UID=${blank}`,
    ]) {
      t.not(certificateNames({ subject: rdns, subjectAltName: undefined }).subject, configured)
    }
    t.not(normaliseSubject(`CN=billing${blank},O=Example`), configured, 'in the configuration too')
    const subject = `O=Example\nCN=${blank}billing${blank}`
    t.equal(
      certificateNames({ subject, subjectAltName: undefined }).subject,
      normaliseSubject(`CN=${blank}billing${blank}, O=Example`),
      'a client can be named so',
    )
    const json = JSON.stringify(`billing${blank}`)
    t.strictSame(certificateNames({ subject: 'CN=x', subjectAltName: `DNS:${json}` }).sans, [
      `billing${blank}`,
    ])
  })
}

t.test('escaped spaces of a certificate stay', async (t) => {
  const subjectFor = (subject: string) =>
    certificateNames({ subject, subjectAltName: undefined }).subject
  t.equal(subjectFor('CN=\\ app\\ '), 'CN=\\ app\\ ')
  t.equal(subjectFor('CN=app\\  + UID=7'), 'CN=app\\ +UID=7')
  t.equal(subjectFor('CN=app\\\\ + UID=7'), 'CN=app\\\\+UID=7')
  t.equal(subjectFor('CN=a \\+ b + UID=7'), 'CN=a \\+ b+UID=7')
})

t.test('a name has the case of ASCII, and of nothing else', async (t) => {
  const sans = (name: string) =>
    certificateNames({ subject: 'CN=x', subjectAltName: `DNS:${JSON.stringify(name)}` }).sans
  t.strictSame(sans('\u212aey.Corp'), ['\u212aey.corp'], 'the Kelvin sign is no k')
  t.strictSame(sans('\u00c0.Corp'), ['\u00c0.corp'])
  t.not(normaliseSubject('o\u017f=x'), normaliseSubject('os=x'), 'nor is the long s an s')
})

t.test('values are compared with their case', async (t) => {
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
