import t from 'tap'
import { isOtherSite } from '../../src/proxy/other-site.ts'

const CASES: readonly (readonly [fields: readonly string[], isOther: boolean])[] = [
  [[], false],
  [['sec-fetch-site', 'same-origin'], false],
  [['sec-fetch-site', 'same-site'], false],
  [['sec-fetch-site', 'none'], false],
  [['sec-fetch-site', 'cross-site'], true],
  [['sec-fetch-site', 'Cross-Site'], true],
  [['sec-fetch-site', ''], true],
  [['sec-fetch-site', 'same-origin', 'sec-fetch-site', 'cross-site'], true],
  // What the browser says of the site counts, not what can be guessed from the origin.
  [['sec-fetch-site', 'same-site', 'origin', 'http://app.h.example'], false],
  [['sec-fetch-site', 'cross-site', 'origin', 'http://h.example'], true],
  [['origin', 'http://h.example'], false],
  [['origin', 'http://h.example:8080'], false],
  [['origin', 'http://H.example'], false],
  [['origin', 'https://evil.example'], true],
  [['origin', 'http://evil.example'], true],
  [['origin', 'https://h.example'], true],
  [['origin', 'http://app.h.example'], true],
  [['origin', 'http://h.example.evil.example'], true],
  [['origin', 'http://h.example:8080.evil.example'], true],
  [['origin', 'http://h.example:8080/x'], true],
  [['origin', 'http://u@h.example'], true],
  [['origin', 'null'], true],
  [['origin', ''], true],
  [['origin', 'file://'], true],
  [['origin', 'http://h.example', 'origin', 'http://evil.example'], true],
]

for (const [fields, isOther] of CASES) {
  t.test(`${fields.join(' ')}: ${isOther}`, async (t) => {
    for (const host of ['h.example', 'h.example:80', 'H.EXAMPLE:8080']) {
      t.equal(isOtherSite(['host', host, ...fields], false), isOther, host)
    }
  })
}

t.test('over TLS only a page of https is of the same site', async (t) => {
  t.equal(isOtherSite(['host', 'h.example', 'origin', 'https://h.example'], true), false)
  t.equal(isOtherSite(['host', 'h.example', 'origin', 'http://h.example'], true), true)
})

t.test('addresses are hosts as well', async (t) => {
  t.equal(isOtherSite(['host', '[::1]:8080', 'origin', 'http://[::1]:3000'], false), false)
  t.equal(isOtherSite(['host', '[::1]', 'origin', 'http://[::1]'], false), false)
  t.equal(isOtherSite(['host', '[::1]', 'origin', 'http://[::2]'], false), true)
  t.equal(isOtherSite(['host', '127.0.0.1:80', 'origin', 'http://127.0.0.1:3000'], false), false)
  t.equal(isOtherSite(['host', '127.0.0.1', 'origin', 'http://localhost'], false), true)
})

t.test('a Host that is missing is no site', async (t) => {
  t.equal(isOtherSite(['origin', 'http://h.example'], false), true)
})
