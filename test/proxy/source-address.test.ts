import { Duplex } from 'node:stream'
import t from 'tap'
import { noteSource, sourceAddress } from '../../src/proxy/source-address.ts'

const TRUSTED = { from: ['10.0.0.0/8', '2001:db8:1::/48'] }

function found(remoteAddress: string, fields: readonly string[], forwardedFor = TRUSTED): unknown {
  const socket = Object.assign(new Duplex(), { remoteAddress })
  const headers = fields.flatMap((value) => ['x-forwarded-for', value])
  return sourceAddress({ forwardedFor }, socket, headers)
}

const TABLE: readonly (readonly [peer: string, fields: readonly string[], expected: string])[] = [
  ['192.0.2.1', ['1.1.1.1'], '192.0.2.1'],
  ['10.0.0.1', [], '10.0.0.1'],
  ['10.0.0.1', ['198.51.100.1'], '198.51.100.1'],
  ['::ffff:10.0.0.1', ['198.51.100.1'], '198.51.100.1'],
  ['10.0.0.1', ['1.1.1.1, 198.51.100.1'], '198.51.100.1'],
  ['10.0.0.1', ['1.1.1.1,198.51.100.1 , 10.2.2.2'], '198.51.100.1'],
  ['10.0.0.1', ['1.1.1.1', '198.51.100.1', '10.2.2.2'], '198.51.100.1'],
  ['10.0.0.1', ['10.9.9.9, 10.2.2.2'], '10.9.9.9'],
  ['10.0.0.1', ['198.51.100.1:4711'], '198.51.100.1'],
  ['10.0.0.1', ['[2001:db8::5]:4711'], '2001:db8::5'],
  ['10.0.0.1', ['2001:db8::5'], '2001:db8::5'],
  ['10.0.0.1', ['198.51.100.1, unknown'], '10.0.0.1'],
  ['10.0.0.1', ['198.51.100.1, fe80::1%eth0'], '10.0.0.1'],
  ['10.0.0.1', ['198.51.100.1, "10.2.2.2"'], '10.0.0.1'],
  ['10.0.0.1', ['198.51.100.1,, 10.2.2.2'], '10.2.2.2'],
  ['10.0.0.1', [''], '10.0.0.1'],
  ['2001:db8:1::9', ['198.51.100.1'], '198.51.100.1'],
  ['10.0.0.1', [`198.51.100.1${', 10.2.2.2'.repeat(40)}`], '10.2.2.2'],
]

for (const [peer, fields, expected] of TABLE) {
  t.test(`${peer} says ${fields.join(' | ').slice(0, 60)}`, async (t) => {
    t.equal(found(peer, fields), expected)
  })
}

t.test(
  'where no network is named, only what a load balancer has told of the connection counts',
  async (t) => {
    const socket = Object.assign(new Duplex(), { remoteAddress: '10.0.0.1' })
    const headers = ['x-forwarded-for', '198.51.100.1']
    t.equal(sourceAddress({ forwardedFor: undefined }, socket, headers), '10.0.0.1')
    noteSource(socket, '192.0.2.9')
    t.equal(sourceAddress({ forwardedFor: undefined }, socket, headers), '192.0.2.9')
    t.equal(sourceAddress({ forwardedFor: TRUSTED }, socket, headers), '192.0.2.9')
  },
)
