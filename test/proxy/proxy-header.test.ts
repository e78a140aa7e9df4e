import fc from 'fast-check'
import t from 'tap'
import { parseProxyHeader } from '../../src/proxy/proxy-header.ts'

const START = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

t.test(
  'whatever comes, in whatever pieces, it is one of three; a header never ends late',
  async () => {
    const bytes = fc.uint8Array({ maxLength: 80 })
    fc.assert(
      fc.property(bytes, fc.boolean(), fc.nat(80), (tail, isStarted, cut) => {
        const all = Buffer.concat([isStarted ? START : Buffer.alloc(0), tail])
        const whole = parseProxyHeader(all)
        const part = parseProxyHeader(all.subarray(0, cut))
        if (whole.kind === 'header') {
          const isCutOff = cut < whole.bytes
          return isCutOff
            ? part.kind === 'incomplete'
            : JSON.stringify(part) === JSON.stringify(whole)
        }
        return part.kind === 'incomplete' || part.kind === whole.kind
      }),
      { numRuns: 500 },
    )
  },
)

t.test('the longest header that is taken, and the one beyond', async (t) => {
  const header = (length: number) => {
    const fixed = Buffer.from([0x21, 0x11, 0, 0])
    fixed.writeUInt16BE(length, 2)
    return Buffer.concat([START, fixed, Buffer.alloc(length)])
  }
  t.match(parseProxyHeader(header(2048)), { kind: 'header', bytes: 2064, source: '0.0.0.0' })
  t.equal(parseProxyHeader(header(2049)).kind, 'malformed')
  t.equal(parseProxyHeader(header(11)).kind, 'malformed')
})
